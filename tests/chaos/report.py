"""The matrix of docs/reliability.md: fault by invariant, and what was seen. From the run only."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.chaos.invariants import NUMBERS
from tests.chaos.run import Result

BEGIN: Final = "<!-- make chaos writes from here"
END: Final = "to here -->"
GOES_ON: Final = "I12"
"""Asked for only where a row says what must go on meanwhile."""

_HEAD: Final = """\
{begin} -->

Command: `make chaos SEED={seed} STORE={store} WRITE={page}`. {done} of {rows} rows in
{minutes:.0f} minutes; {requests:,} requests, {accepted:,} orders accepted; {held} rows held.
The longest time to rest was {rest:.0f} s.

### Fault by invariant

`ok`: held for every order of the row; a number: so many violations, told below. I12 is asked for
where something must go on meanwhile.
"""
_SEEN: Final = """\

### What was seen

Requests: all that change something, with repetitions. Shed: answered 429 or 503. Failed: any other
5xx, or no answer within 10 s; last failure: so many seconds after the last fault was healed. Said
again: entries of the streams that repeat an event. Letters: entries of the dead-letter streams.
Rest: seconds from the end of load and faults until nothing was left to do.
"""


def told(result: Result, most: int) -> Iterator[str]:
    """Tell one result in lines, with at most so many violations."""
    ended = ", ".join(f"{number} {status}" for status, number in sorted(result.ended.items()))
    yield f"{'held' if result.good else 'FAILED'} in {result.took_s:.0f} s: {ended}"
    yield (
        f"{result.requests} requests, {result.accepted} accepted, {result.asked_again} asked again,"
        f" {result.shed} shed, {result.failed} failed, {result.said_again} events said again,"
        f" {result.letters} letters, last failure {result.last_failure_s:.0f} s after the faults,"
        f" at rest after {result.rest_s:.0f} s"
    )
    yield from (f"note: {note}" for note in result.notes)
    if result.broken:
        yield f"broken off: {result.broken}"
    yield from (str(violation) for violation in result.found[:most])
    if len(result.found) > most:
        yield f"and {len(result.found) - most} violations more"


def write(page: Path, results: list[Result], rows: int, store: str, seed: int) -> None:
    """Put the results between the marks of the page, which is made if there is none."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    made = "\n".join(_lines(page, results, rows, store, seed))
    new = page.with_suffix(".new")
    new.write_text(f"{before}{made}\n<!-- {END}{after or chr(10)}", encoding="utf-8")
    new.replace(page)


def _lines(page: Path, results: list[Result], rows: int, store: str, seed: int) -> Iterator[str]:
    yield _HEAD.format(
        begin=BEGIN,
        seed=seed,
        store=store,
        page=page,
        done=len(results),
        rows=rows,
        minutes=sum(result.took_s for result in results) / 60,
        requests=sum(result.requests for result in results),
        accepted=sum(result.accepted for result in results),
        rest=max(result.rest_s for result in results),
        held=sum(result.good for result in results),
    )
    yield _row("fault", *NUMBERS)
    yield _rule(1 + len(NUMBERS))
    for result in results:
        yield _row(result.row.name, *_verdicts(result))
    yield _SEEN
    yield _row(
        *("fault", "requests", "accepted", "ended", "asked again", "shed", "failed"),
        *("last failure s", "said again", "letters", "rest s"),
    )
    yield _rule(11)
    for result in results:
        ended = ", ".join(f"{n} {status.lower()}" for status, n in sorted(result.ended.items()))
        yield _row(
            *(result.row.name, result.requests, result.accepted, ended, result.asked_again),
            *(result.shed, result.failed, f"{result.last_failure_s:.0f}", result.said_again),
            *(result.letters, f"{result.rest_s:.0f}"),
        )
    yield from _troubles(results)


def _verdicts(result: Result) -> list[str]:
    if result.broken:
        return ["not played to its end", *[""] * (len(NUMBERS) - 1)]
    found, row = Counter(violation.invariant for violation in result.found), result.row
    asked_for = row.orders_go_on or row.flawless or row.plays is not None
    held = {number: "ok" if asked_for or number != GOES_ON else "" for number in NUMBERS}
    return [f"**{found[number]}**" if found[number] else held[number] for number in NUMBERS]


def _troubles(results: list[Result]) -> Iterator[str]:
    for result in results:
        lines = [
            *result.notes,
            *([result.broken] if result.broken else []),
            *map(str, result.found[:5]),
        ]
        if lines:
            yield f"\n**{result.row.name}**\n"
            yield from (f"- {line}" for line in lines)


def _row(*cells: object) -> str:
    return f"| {' | '.join(f'{c:,}' if isinstance(c, int) else str(c) for c in cells)} |"


def _rule(columns: int) -> str:
    return "|" + "---|" * columns
