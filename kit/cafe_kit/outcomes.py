"""What a reaction to an event came to. Three answers exist for daprd, and nothing else is sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """The effect is stored and its events are out."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Nothing to do: seen before, or overtaken."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A dependency is away; the broker shall deliver again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Never to be handled: to the dead-letter topic."""

    reason: str


Outcome = Done | Duplicate | Retry | Drop
