"""What services log that only a bug can make them say; secrets before all (I11)."""

from collections.abc import MutableMapping
from typing import Any, Final, NoReturn

import structlog
from structlog.contextvars import merge_contextvars

BUGS: Final = frozenset(
    {"handler failed", "background loop failed", "reminder of an unknown kind", "unexpected error"}
)
EXPECTED: Final = ("Unavailable(", "Unpublished(", "Conflict(")
"""A reminder that fails with one of these is made again."""


SECRETS: Final = ("tok_", "Bearer ", "eyJ")
"""How payment methods, headers and signed tokens begin."""


class Complaints(list[str]):
    """Collects them from here on; `close` gives back the logging as it was.

    Lines below `level` are not written at all, which costs less.
    """

    def __init__(self, level: str = "warning") -> None:
        super().__init__()
        self.lines = 0
        """How many lines have been looked at."""
        self._before = structlog.get_config()
        structlog.configure(
            processors=[merge_contextvars, structlog.processors.format_exc_info, self._note],
            wrapper_class=structlog.make_filtering_bound_logger(level),
        )

    def close(self) -> None:
        structlog.configure(**self._before)

    def _note(self, _: object, __: str, line: MutableMapping[str, Any]) -> NoReturn:
        self.lines += 1
        what, error, text = line["event"], str(line.get("error", "")), str(line)
        if any(secret in text for secret in SECRETS):
            self.append(text)
        if what in BUGS or (what == "reminder failed" and not error.startswith(EXPECTED)):
            self.append(text)
        raise structlog.DropEvent
