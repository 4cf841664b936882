"""Programs inside of a pod, hurt by their number: the pod has one process namespace (overlay)."""

from typing import Final, Literal

from tests.k8s.cluster import Cluster

Program = Literal["app", "daprd"]
Signal = Literal["STOP", "KILL"]
_WORD: Final = {"app": "order_svc.main", "daprd": "daprd"}
_HURT: Final = """
import os, pathlib, signal, sys
word, name = sys.argv[1:]
for folder in pathlib.Path("/proc").iterdir():
    if folder.name.isdigit() and int(folder.name) != os.getpid():
        command = (folder / "cmdline").read_bytes().replace(b"\\0", b" ").decode()
        if word in command:
            os.kill(int(folder.name), getattr(signal, "SIG" + name))
            sys.stdout.write(command)
"""


async def hurt(cluster: Cluster, pod: str, program: Program, signal: Signal) -> None:
    """Send a signal to a program of a pod of order-svc; raise where there is no such program."""
    hit = await cluster.python(f"pod/{pod}", _HURT, _WORD[program], signal)
    if _WORD[program] not in hit:
        raise LookupError(f"no {program} runs in {pod}")
