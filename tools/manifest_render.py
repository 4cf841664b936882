"""Renders every overlay of k8s/, and the overlay dev with further components, in a copy.

The copy gets secrets of its own: nothing of the checkout is written, nothing secret is read.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from tools import dev_secrets
from tools.build_kustomize import ensure_kustomize
from tools.terminal import Say, StackError, say

Manifest = dict[str, Any]
ROOT: Final = Path(__file__).resolve().parent.parent
DEV: Final = "k8s/overlays/dev"
OVERLAYS: Final = (DEV, "k8s/overlays/staging", "k8s/overlays/prod", "tests/k8s/overlay")
COMPONENTS: Final = "k8s/components"
GATEWAY: Final = "gateway"
"""Further components may patch its routes."""
COPIED: Final = ("components", "k8s", "tests/k8s")
ELSEWHERE: Final = "elsewhere"
AT_ONCE: Final = 2
WITHIN_S: Final = 60


@dataclass(frozen=True)
class Rendering:
    """What one `kubectl apply -k` would send, and what it would in the namespace `elsewhere`.

    `name` is the overlay's folder; with " + istio" behind it, it is dev with the component gateway
    and one, or all, of the components that no overlay has.
    An overlay without `namespace:` of its own (that of the tests) has nothing `elsewhere`.
    """

    name: str
    manifests: list[Manifest]
    elsewhere: list[Manifest]


def render_all(tell: Say = say) -> dict[str, Rendering]:
    """Return every rendering by its name, in the sequence of OVERLAYS; a line for each is told.

    Raises StackError with kustomize's own words where one cannot be rendered.
    """
    kustomize = ensure_kustomize(tell)
    with _scratch() as root, ThreadPoolExecutor(AT_ONCE) as threads:
        folders = dict(_overlays(root))
        rendered = {
            name: threads.submit(_render, kustomize, name, folder)
            for name, folder in folders.items()
        }
        for name, future in rendered.items():
            tell(f"{name}: {len(future.result().manifests)} objects")
        return {name: future.result() for name, future in rendered.items()}


def render(folder: str) -> list[Manifest]:
    """Return what one folder of the repository, which takes in no secrets, renders to."""
    return _parsed(build(ensure_kustomize(), ROOT / folder))


def components_of(overlay: Path) -> set[str]:
    """Return the names of the components that a kustomization takes in."""
    return {Path(each).name for each in _read(overlay).get("components", ())}


def build(kustomize: Path, folder: Path) -> str:
    """Return what `kustomize build` prints; raise StackError with its words if it refuses."""
    done = subprocess.run(
        (kustomize, "build", folder), capture_output=True, text=True, check=False, timeout=WITHIN_S
    )
    if done.returncode or done.stderr:  # a deprecation is a finding too
        raise StackError(f"kustomize build {folder.name}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def _scratch() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="cafe-manifests-") as folder:
        root = Path(folder)
        for name in COPIED:
            shutil.copytree(
                ROOT / name,
                root / name,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        for secret in (root / DEV / "secrets").glob("*.env"):
            secret.unlink()
        dev_secrets.write(root / DEV / "secrets")
        yield root


def _overlays(root: Path) -> Iterator[tuple[str, Path]]:
    used: set[str] = set()
    for name in OVERLAYS:
        used |= components_of(root / name)
        yield name, root / name
    offered = {file.parent.name for file in (root / COMPONENTS).glob("*/kustomization.yaml")}
    further = sorted(offered - used)
    for chosen in (*([each] for each in further), further):
        name = f"{DEV} + {' + '.join(chosen)}"
        yield name, _with_components(root / DEV, [GATEWAY, *chosen])


def _with_components(overlay: Path, names: list[str]) -> Path:
    copy = _copied(overlay, f"{overlay.name}-{'-'.join(names)}")
    document = _read(copy)
    document["components"] += [f"../../components/{name}" for name in names]
    _write(copy, document)
    return copy


def _render(kustomize: Path, name: str, folder: Path) -> Rendering:
    document = _read(folder)
    elsewhere: list[Manifest] = []
    if "namespace" in document:
        copy = _copied(folder, f"{folder.name}-{ELSEWHERE}")
        _write(copy, document | {"namespace": ELSEWHERE})
        elsewhere = _parsed(build(kustomize, copy))
    text = build(kustomize, folder)
    if text != build(kustomize, folder):
        raise StackError(f"{name} renders differently the second time.")
    return Rendering(name, _parsed(text), elsewhere)


def _copied(folder: Path, name: str) -> Path:
    return Path(shutil.copytree(folder, folder.parent / name))


def _parsed(text: str) -> list[Manifest]:
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def _read(folder: Path) -> dict[str, Any]:
    text = (folder / "kustomization.yaml").read_text()
    return cast("dict[str, Any]", yaml.safe_load(text))


def _write(folder: Path, document: dict[str, Any]) -> None:
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(document))
