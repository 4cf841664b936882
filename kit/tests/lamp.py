"""A lamp: the smallest aggregate that uses every kind of row of a state table."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from pydantic import AwareDatetime

from cafe_kit.aggregate import Document, Kind
from cafe_kit.clock import Clock
from cafe_kit.events import Event
from cafe_kit.memory_sidecar import MemorySidecar
from cafe_kit.reminders import Reminders
from cafe_kit.repository import Repository
from cafe_kit.sidecar import Sidecar
from cafe_kit.transitions import Decision, Ignore, Impossible, Move, Refuse, Table, When, settle

NOW: Final = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
SOURCE: Final = "lamp-svc"
GUARD_AFTER: Final = timedelta(seconds=10)


class Status(StrEnum):
    """BROKEN is terminal."""

    OFF = "OFF"
    ON = "ON"
    BROKEN = "BROKEN"


class Says(StrEnum):
    """The events of a lamp."""

    INSTALLED = "Installed"
    LIT = "Lit"
    DARK = "Dark"


@dataclass(frozen=True, slots=True)
class Lamp:
    """The state; `presses` counts how often the switch was pressed."""

    lamp_id: str
    status: Status
    presses: int = 0


@dataclass(frozen=True, slots=True)
class Install:
    """Somebody screws a lamp in."""


@dataclass(frozen=True, slots=True)
class InstallLit:
    """The same with the power on: two steps at once."""


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody presses the switch; only a `hard` press breaks a lamp that is on."""

    hard: bool = False


@dataclass(frozen=True, slots=True)
class Dust:
    """Somebody wipes it; nobody needs to know."""


@dataclass(frozen=True, slots=True)
class Glow:
    """It shines although nobody installed it."""


Trigger = Install | InstallLit | Press | Dust | Glow
LIGHT = Move(Status.ON, Says.LIT)
TABLE: Final[Table] = {
    (None, Install): Move(Status.OFF, Says.INSTALLED),
    (None, InstallLit): Move(Status.OFF, Says.INSTALLED, then=LIGHT),
    (None, Press): LIGHT,
    (None, Dust): Refuse("no lamp"),
    (None, Glow): Impossible("no lamp glows"),
    (Status.OFF, Install): Ignore("installed already"),
    (Status.OFF, InstallLit): Ignore("installed already"),
    (Status.OFF, Press): LIGHT,
    (Status.OFF, Dust): Move(Status.OFF),
    (Status.OFF, Glow): Impossible("it is off"),
    (Status.ON, Install): Ignore("installed already"),
    (Status.ON, InstallLit): Ignore("installed already"),
    (Status.ON, Press): When(
        lambda _, press: press.hard, Move(Status.BROKEN), Move(Status.OFF, Says.DARK)
    ),
    (Status.ON, Dust): Refuse("it is hot"),
    (Status.ON, Glow): Ignore("it does"),
}


def decide(lamp: Lamp | None, trigger: Trigger, now: datetime) -> Decision[Lamp]:
    """Look up the row; the time changes nothing about a lamp."""
    assert now.tzinfo is UTC
    known = lamp or Lamp("lamp-1", Status.OFF)
    pressed = known.presses + isinstance(trigger, Press)
    return settle(
        TABLE[lamp.status if lamp else None, type(trigger)],
        lamp,
        lambda _, to: replace(known, status=Status(to), presses=pressed),
        trigger,
    )


class Installed(Event):
    """There is a lamp."""

    TOPIC: ClassVar[str] = "lamp.Installed.v1"

    lamp_id: str
    version: int
    status: Status
    occurred_at: AwareDatetime


class Lit(Installed):
    """It is on."""

    TOPIC: ClassVar[str] = "lamp.Lit.v1"

    presses: int


class Dark(Lit):
    """It is off again."""

    TOPIC: ClassVar[str] = "lamp.Dark.v1"


LAMP = Kind(
    "lamp",
    Document[Lamp],
    decide,
    {Says.INSTALLED: Installed, Says.LIT: Lit, Says.DARK: Dark},
)


@dataclass(slots=True)
class ManualClock:
    """Stands still until the test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def lamps(
    sidecar: Sidecar,
    reminders: Reminders | None = None,
    clock: Clock | None = None,
    kind: Kind[Lamp] = LAMP,
) -> Repository[Lamp]:
    """Return a repository whose clock stands still, where no other is given."""
    clock = clock or ManualClock()
    reminders = reminders or Reminders(sidecar, clock)
    return Repository(sidecar, clock, SOURCE, kind, reminders, GUARD_AFTER)


def replica_of(sidecar: MemorySidecar) -> MemorySidecar:
    """Return a second sidecar of the same app: same store, faults and counts of its own."""
    replica = sidecar.dapr.sidecar(sidecar.app_id)
    replica.documents, replica.jobs = sidecar.documents, sidecar.jobs
    return replica
