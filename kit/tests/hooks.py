"""Fault hooks for a sidecar in memory: which calls fail, when, and how often."""

from itertools import count

from cafe_kit.memory_sidecar import Hook
from cafe_kit.sidecar import Unavailable


def failing(verb: str, phase: str, *, times: int = 1, error: type[Exception] = Unavailable) -> Hook:
    """Return a hook that fails the first calls of a verb in this phase."""
    left = times

    def hook(called: str, at: str, _what: str) -> None:
        nonlocal left
        if (called, at) == (verb, phase) and left:
            left -= 1
            raise error("hurt by the test")

    return hook


def away(*verbs: str) -> Hook:
    """Return a hook that fails every call of these verbs before its effect."""

    def hook(called: str, _phase: str, _what: str) -> None:
        if called in verbs:
            raise Unavailable(f"{called}: away")

    return hook


def at_call(number: int, phase: str, error: type[Exception] = Unavailable) -> Hook:
    """Return a hook that fails the `number`th call (from 1) that reaches this phase."""
    calls = count(1)

    def hook(verb: str, at: str, _what: str) -> None:
        if at == phase and next(calls) == number:
            raise error(f"{verb}: hurt by the test")

    return hook
