"""One namespace of a real cluster, by kubectl: what the tests see, change and wait for.

`K8S_NAMESPACE`, `KUBECONFIG` and `KUBECTL` say which; nothing else of the machine is used.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar, cast

from tests.waiting import wait_until

Json = dict[str, Any]
T = TypeVar("T")
SERVICES: Final = ("order-svc", "payment-svc", "cafe-svc", "mypage-svc")
SIDECAR: Final = "daprd"
ANSWER_WITHIN_S: Final = 120.0
_FORWARDING: Final = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) ->")


class KubectlError(RuntimeError):
    """kubectl said no: its arguments, and what it said."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """kubectl, bound to a kubeconfig and to a namespace."""

    kubectl: str
    namespace: str
    env: Mapping[str, str]

    @classmethod
    def from_env(cls, namespace: str) -> Self:
        """Find kubectl at $KUBECTL or on PATH; raise KubectlError where there is none."""
        kubectl = os.environ.get("KUBECTL") or shutil.which("kubectl")
        if kubectl is None:
            raise KubectlError("no kubectl on PATH; name one: make k8s-test KUBECTL=/path/kubectl")
        return cls(kubectl, namespace, dict(os.environ))

    async def asked(self, *args: str, stdin: str = "", timeout_s: float = ANSWER_WITHIN_S) -> "Ran":
        """Run kubectl in the namespace and return what came of it, be it good or bad."""
        command = (self.kubectl, "-n", self.namespace, *args)
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=dict(self.env)
        )
        try:
            async with asyncio.timeout(timeout_s):
                out, err = await process.communicate(stdin.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Ran(process.returncode or 0, out.decode(), err.decode())

    async def run(self, *args: str, stdin: str = "", timeout_s: float = ANSWER_WITHIN_S) -> str:
        """Run kubectl and return what it printed; raise KubectlError where it failed."""
        ran = await self.asked(*args, stdin=stdin, timeout_s=timeout_s)
        if ran.code:
            raise KubectlError(f"kubectl {' '.join(args)}: {ran.err.strip() or ran.out.strip()}")
        return ran.out

    async def get(self, *args: str) -> Json:
        """Return an object, or a list with `items`."""
        return json.loads(await self.run("get", *args, "-o", "json"))

    async def pods(self, name: str) -> list[Json]:
        """Return the pods of a workload that are not being deleted, oldest first."""
        found = await self.get("pods", "-l", f"app.kubernetes.io/name={name}")
        kept = [pod for pod in found["items"] if "deletionTimestamp" not in pod["metadata"]]
        return sorted(kept, key=lambda pod: pod["metadata"]["creationTimestamp"])

    async def ready(self, name: str) -> list[Json]:
        """Return the pods that are ready, oldest first."""
        return [pod for pod in await self.pods(name) if is_ready(pod)]

    async def rolled_out(self, target: str, timeout_s: float = 240.0) -> None:
        """Wait until a rollout is complete and the pods of before are gone."""
        await self.took_over(target, timeout_s)
        name = target.partition("/")[2]

        async def leaving() -> list[str]:
            found = (await self.get("pods", "-l", f"app.kubernetes.io/name={name}"))["items"]
            return [name_of(pod) for pod in found if "deletionTimestamp" in pod["metadata"]]

        gone = f"pods of {name} that were told to go"
        await eventually(leaving, lambda left: not left, what=gone, timeout_s=timeout_s)

    async def took_over(self, target: str, timeout_s: float = 240.0) -> None:
        """Wait until the new pods serve; those of before may still be leaving."""
        wait = f"--timeout={timeout_s:.0f}s"
        await self.run("rollout", "status", target, wait, timeout_s=timeout_s + 10)

    async def patch(self, target: str, change: object) -> None:
        """Patch an object: a list is a JSON patch, an object a strategic merge patch."""
        kind = "json" if isinstance(change, list) else "strategic"
        await self.run("patch", target, "--type", kind, "-p", json.dumps(change))

    async def exec(
        self, target: str, container: str, *command: str, stdin: str = "", timeout_s: float = 60.0
    ) -> str:
        """Run a command in a container and return what it printed."""
        args = ("exec", "-i", target, "-c", container, "--", *command)
        return await self.run(*args, stdin=stdin, timeout_s=timeout_s)

    async def python(
        self, target: str, script: str, *args: str, container: str = "app", timeout_s: float = 60.0
    ) -> str:
        """Run a Python script in a container and return what it printed."""
        command = ("python", "-", *args)
        return await self.exec(target, container, *command, stdin=script, timeout_s=timeout_s)

    async def has_metrics(self) -> bool:
        """Whether the cluster says what pods use (metrics-server, or the like)."""
        return not (await self.asked("top", "pods")).code

    @asynccontextmanager
    async def forwarded(self, target: str, port: int) -> AsyncGenerator[int]:
        """Give a port of this machine that leads to one of a pod or Service, until the end."""
        process = await asyncio.create_subprocess_exec(
            *(self.kubectl, "-n", self.namespace, "port-forward", target, f":{port}"),
            stdout=PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(self.env),
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(20.0):
                line = (await process.stdout.readline()).decode()
            if not (found := _FORWARDING.search(line)):
                raise KubectlError(f"kubectl port-forward {target} :{port} said {line!r}")
            yield int(found[1])
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def eventually(
    read: Callable[[], Awaitable[T]],
    holds: Callable[[T], object],
    *,
    what: str,
    timeout_s: float,
    every_s: float = 1.0,
) -> T:
    """Read until it holds, as tests/waiting.py does; return what was read last."""
    return await wait_until(
        cast("Callable[[], T]", read), holds, what=what, timeout_s=timeout_s, every_s=every_s
    )


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def name_of(pod: Json) -> str:
    """Return an object's name."""
    return pod["metadata"]["name"]


def is_ready(pod: Json) -> bool:
    """Whether a pod is ready and stays."""
    conditions = pod.get("status", {}).get("conditions", [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def restarts(pod: Json) -> dict[str, int]:
    """Return how often each container was started again."""
    return {
        status["name"]: status["restartCount"]
        for status in pod["status"].get("containerStatuses", [])
        + pod["status"].get("initContainerStatuses", [])
    }


def container(owner: Json, name: str = "app") -> Json:
    """Return a container of a pod, or of the pods of a Deployment."""
    spec = owner["spec"].get("template", owner)["spec"]
    everything = [*spec["containers"], *spec.get("initContainers", [])]
    return next(each for each in everything if each["name"] == name)
