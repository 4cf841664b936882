"""What can go wrong: each fault is injected, held for a while and healed, under load."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tests.chaos.records import Broker
from tests.e2e.broker import saying_everything_twice
from tests.e2e.crashes import KILL_FILE, kill_before
from tests.waiting import wait_until
from tools.stack import Stack
from tools.topology import names_of

Range = tuple[float, float]
DIES_WITHIN_S: Final = 8.0
TWICE_WITHIN_S: Final = 90.0
"""An event said twice has its consequences said again, and those are said twice."""

OUT_OF_ROTATION_S: Final = 1.0


@dataclass(slots=True)
class Scene:
    """What a fault works with. `until_over` undoes, when the load is over, what lasted so long."""

    stack: Stack
    broker: Broker
    session: aiohttp.ClientSession
    rng: random.Random
    until_over: AsyncExitStack
    notes: list[str] = field(default_factory=list[str])
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self, *names: str) -> None:
        """Start programs; other work goes on meanwhile.

        One start at a time: another would take what is just being started for dead.
        """
        async with self._starting:
            await asyncio.to_thread(self.stack.start, *names)


Step = Callable[[Scene], Awaitable[None]]


async def nothing(_: Scene) -> None:
    """Take no step."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`hold_s`: between these seconds it lasts, by chance."""

    name: str
    inject: Step
    heal: Step = nothing
    hold_s: Range = (0.0, 0.0)


def kill(*names: str, hold_s: Range = (0.5, 4.0)) -> Fault:
    """End it by SIGKILL, and start it again: a supervisor or a kubelet."""

    async def inject(scene: Scene) -> None:
        scene.stack.kill(*names)

    async def heal(scene: Scene) -> None:
        await scene.start(*names)

    return Fault(f"kill {' '.join(names)}", inject, heal, hold_s)


def freeze(name: str, seconds: float) -> Fault:
    """SIGSTOP: the process is there, its connections are, and it says nothing."""

    async def inject(scene: Scene) -> None:
        scene.stack.freeze(name)

    async def heal(scene: Scene) -> None:
        scene.stack.thaw(name)

    return Fault(f"freeze {name}", inject, heal, (seconds, seconds))


def kill_before_publish(topic: str) -> Fault:
    """Kill the app that says this next, between its save and its word (tests/e2e/crashes.py)."""

    async def inject(scene: Scene) -> None:
        kill_before(scene.stack, topic)
        file, looked = scene.stack.folder.path / KILL_FILE, asyncio.get_running_loop().time()
        await wait_until(
            lambda: file.exists() and asyncio.get_running_loop().time() < looked + DIES_WITHIN_S,
            lambda waiting: not waiting,
            what=f"somebody who says {topic}",
            timeout_s=2 * DIES_WITHIN_S,
        )
        if file.exists():
            file.unlink()
            scene.notes.append(f"nobody said {topic}")

    async def heal(scene: Scene) -> None:
        dead = [app for app in scene.stack.services if not scene.stack.processes[app].alive]
        await scene.start(*dead)

    return Fault(f"kill before {topic}", inject, heal, (0.5, 2.0))


def gateway(mode: str, seconds: float) -> Fault:
    """The payment gateway misbehaves."""

    async def behave(scene: Scene, mode: str) -> None:
        url = f"{scene.stack.url('payment-gateway')}/v1/behaviour"
        async with scene.session.put(url, json={"mode": mode}) as answer:
            answer.raise_for_status()

    return Fault(
        f"payment gateway {mode}",
        lambda scene: behave(scene, mode),
        lambda scene: behave(scene, "normal"),
        (seconds, seconds),
    )


def forget_groups() -> Fault:
    """The broker has forgotten who has read what."""
    return Fault("consumer groups deleted", lambda scene: scene.broker.forget_groups())


def everything_twice(seconds: float) -> Fault:
    """From now on the broker says everything twice."""

    async def inject(scene: Scene) -> None:
        port = scene.stack.topology.ports["valkey"]
        unfair = saying_everything_twice(port, handled_within_s=TWICE_WITHIN_S)
        await scene.until_over.enter_async_context(unfair)

    return Fault("everything twice", inject, hold_s=(seconds, seconds))


def roll(app_id: str) -> Fault:
    """Replace one replica after the other: orderly stop of app and sidecar, new start."""

    async def inject(scene: Scene) -> None:
        for name in names_of(app_id, scene.stack.topology.replicas):
            await asyncio.to_thread(scene.stack.restart, name, f"{name}.daprd")
            await asyncio.sleep(OUT_OF_ROTATION_S)

    return Fault(f"roll {app_id}", inject)
