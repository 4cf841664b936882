"""How long to wait before something is tried again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles from `first` to `most`; `dice` (0..1) spreads what failed together."""

    first: timedelta
    most: timedelta
    dice: Callable[[], float]

    def after(self, attempts: int) -> timedelta:
        """Return the wait after so many failed attempts: 75 to 125 % of the doubled one."""
        doubled = self.first * 2 ** min(attempts, 30)
        return min(doubled, self.most) * (0.75 + 0.5 * self.dice())
