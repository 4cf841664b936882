"""`make k8s-test`: everything on a real cluster, in a namespace of its own; 0 when all has held.

python -m tests.k8s [--only rollout] [--write docs/proof/kubernetes.md] [--namespace N] [--keep]

It needs kubectl ($KUBECTL or PATH), a kubeconfig ($KUBECONFIG) and a cluster with Dapr. A namespace
that this suite has made before and kept is used again and kept; one of anybody else is refused.
What it makes is removed at the end, unless --keep.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.k8s.cluster import Cluster, KubectlError, eventually
from tests.k8s.facts import about
from tests.k8s.first_order import Door, first_order
from tests.k8s.install import (
    OVERLAY,
    Place,
    gateway_class,
    remove,
    say,
    wait_for_all,
    write_kustomization,
)
from tests.k8s.report import Results, Row, page, stamp
from tests.k8s.settings import Settings
from tools.launch import ROOT

HERE = Path(__file__).parent
RESULTS = ROOT / ".run" / "k8s-results.json"
GATEWAYS = "gateways.gateway.networking.k8s.io"
NO_CLASS = "none"
ADDRESS_WITHIN_S = 300.0
"""Longer than a cloud takes to make a load balancer."""


def main() -> int:
    """Install, test, write the page, remove."""
    options = _options()
    cluster = Cluster.from_env(options.namespace or f"cafe-test-{uuid.uuid4().hex[:6]}")
    with TemporaryDirectory() as folder:
        made = False
        try:
            made = asyncio.run(_is_new(cluster))
            settings = asyncio.run(_installed(cluster, Path(folder), options, made=made))
            code = _play(settings, options) or _unseen(settings, options)
            _write(settings, asyncio.run(about(cluster)), options)
        except (KubectlError, AssertionError) as error:
            say(str(error))
            code = 1
        finally:
            if made and not options.keep:
                asyncio.run(remove(cluster))
            elif made:
                say(f"kept: NAMESPACE={cluster.namespace}")
    return code


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.k8s", description=__doc__)
    parser.add_argument("--only", default="", help="tests with this in their file or name")
    parser.add_argument("--write", type=Path, help="the page to write")
    parser.add_argument("--namespace", default="", help="an own name, or an installation to use")
    parser.add_argument("--keep", action="store_true", help="do not remove it at the end")
    parser.add_argument("--all", action="store_true", help="fail when a row cannot be seen here")
    parser.add_argument("--overlay", type=Path, default=OVERLAY, help="yours, built on the default")
    parser.add_argument("--gateway-class", default="", help="one of several, or none")
    parser.add_argument("--gateway", default="", help="URL of the gateway inside of the cluster")
    parser.add_argument("--results", type=Path, default=RESULTS, help="rows of former runs")
    return parser.parse_args()


async def _is_new(cluster: Cluster) -> bool:
    names = ("namespace", cluster.namespace, "--ignore-not-found", "-o", "json")
    found = (await cluster.run("get", *names)).strip()
    if found and "cafe.dev/test" not in json.loads(found)["metadata"].get("labels", {}):
        raise KubectlError(f"namespace {cluster.namespace} is not the suite's own: name another")
    return not found


async def _installed(
    cluster: Cluster, folder: Path, options: argparse.Namespace, *, made: bool
) -> Settings:
    class_ = options.gateway_class or await gateway_class(cluster)
    place = Place(cluster.namespace, "" if class_ == NO_CLASS else class_, options.overlay)
    write_kustomization(folder, place)
    results = Results(options.results.resolve())
    if not options.only:
        results.forget()
    say(f"applying {options.overlay} in namespace {cluster.namespace}")
    await cluster.run("apply", "-k", str(folder))
    if made:
        took_s, _ = await asyncio.gather(first_order(cluster, Door()), wait_for_all(cluster))
        if not options.only:
            results.add(_first(took_s))
    await wait_for_all(cluster)
    gateway = options.gateway or (await _address(cluster) if place.gateway_class else "")
    return Settings(place, folder, results.file, gateway)


def _first(took_s: float) -> Row:
    """Return the row of an installation that was made; no test sees that again."""
    return Row(
        test="install",
        feature="Deploy",
        procedure="`kubectl apply -k` in a new namespace; one order placed, made, handed over",
        load="-",
        figure=f"first completed order {took_s:.0f} s after apply",
        outcome="passed",
        at=stamp(),
    )


async def _address(cluster: Cluster) -> str:
    """Return where the Gateway says that it listens, once it does."""
    path = "jsonpath={.status.addresses[0].value}"

    async def told() -> str:
        return (await cluster.asked("get", GATEWAYS, "cafe", "-o", path)).out.strip()

    what = "an address of the Gateway (name its URL in the cluster by GATEWAY=, or CLASS=none)"
    return f"http://{await eventually(told, bool, what=what, timeout_s=ADDRESS_WITHIN_S)}"


def _play(settings: Settings, options: argparse.Namespace) -> int:
    only = ["-k", options.only] if options.only else []
    command = (sys.executable, "-m", "pytest", "-m", "k8s", "-p", "no:randomly", "-v", *only)
    env = {**os.environ, **settings.env()}
    return subprocess.run((*command, str(HERE)), env=env, check=False).returncode


def _unseen(settings: Settings, options: argparse.Namespace) -> int:
    rows = [row for row in Results(settings.results).rows() if row.outcome == "skipped"]
    for row in rows:
        say(f"not seen here: {row.test}, {row.figure}")
    return 1 if rows and options.all else 0


def _write(settings: Settings, facts: list[str], options: argparse.Namespace) -> None:
    text = page(Results(settings.results).rows(), _command(options), facts)
    sys.stdout.write(text)
    if options.write is not None:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text)


def _command(options: argparse.Namespace) -> str:
    """Return what was asked for, with no more of an overlay's path than its name."""
    overlay = f" OVERLAY={options.overlay.name}" if options.overlay != OVERLAY else ""
    gateway = f" GATEWAY={options.gateway}" if options.gateway else ""
    return f"make k8s-test{overlay}{gateway} WRITE=docs/proof/kubernetes.md"


sys.exit(main())
