"""`make drift`: compare the pages with those who own what they tell, on the running stack.

python -m tools.drift [--newest N] [--run-dir .run]

Looked at is every order that the broker still knows of, or the N that were placed last.
Ends with 0 if all pages are right, 1 and a table if some are not, 2 if they could not be compared.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

from tools import broker
from tools.client import Json, RunningStack
from tools.drift_rules import Part, Said, Story, compare
from tools.findings import Finding, outlasting, tell
from tools.launch import ROOT
from tools.rebuild_plan import APP_ID
from tools.run_folder import RunFolder
from tools.terminal import StackError

OPERATORS: Final = 4
"""One caller may ask so often a second, and no more; an operator's own work goes on beside this."""
SETTLE_S: Final = 15.0
"""What is found must outlast this; a page under load is behind for less."""
PUBSUB: Final = "page-pubsub"
OWNERS: Final = {
    "order": ("order-svc", "/orders"),
    "payment": ("payment-svc", "/payments"),
    "cafe_order": ("cafe-svc", "/cafe-orders"),
}


class Pages:
    """The pages that one process of mypage-svc shows, and those they are about."""

    def __init__(self, stack: RunningStack, name: str = APP_ID) -> None:
        self._stack = stack
        self._name = name
        self._operators = [stack.operator(f"drift-{n}") for n in range(OPERATORS)]
        self._said: dict[str, Said] = {}

    def topics(self, pubsub: str = PUBSUB) -> list[str]:
        """Return what this process hears, for its pages or through another component."""
        sidecar = self._stack.call(self._name, "GET", "/ops/sidecar", headers=self._operators[0])
        return sorted(s["topic"] for s in sidecar["subscriptions"] if s["pubsub"] == pubsub)

    def newest(self, number: int | None) -> list[str]:
        """Return the orders whose pages there must be, those placed last; all by default."""
        said: defaultdict[str, set[tuple[str, datetime]]] = defaultdict(set)
        with broker.connect(self._stack.valkey_port) as known:
            for event in known.said(self.topics()):
                at = datetime.fromisoformat(event["data"]["occurred_at"])
                said[event["subject"]].add((event["type"].split(".")[1], at))
        self._said = {order_id: frozenset(events) for order_id, events in said.items()}
        by_age = sorted(self._said, key=lambda order_id: min(at for _, at in said[order_id]))
        return by_age[-number:] if number else by_age

    def findings(self, order_ids: Collection[str]) -> list[Finding]:
        """Compare these orders as they are now."""
        with ThreadPoolExecutor(OPERATORS) as pool:
            shares = [list(order_ids)[n::OPERATORS] for n in range(OPERATORS)]
            found = pool.map(self._share, shares, self._operators)
            return [finding for each in found for finding in each]

    def _share(self, order_ids: list[str], operator: dict[str, str]) -> list[Finding]:
        return [f for each in order_ids for f in self._compare(each, operator)]

    def _compare(self, order_id: str, operator: dict[str, str]) -> list[Finding]:
        """The owners first: a page that is asked later knows at least as much as they said."""
        owned = {
            name: self._stack.find(service, f"{path}/{order_id}", operator)
            for name, (service, path) in OWNERS.items()
        }
        page = self._stack.find(self._name, f"/ops/orders/{order_id}", operator)
        return compare(order_id, _page(page), _owners(owned, self._said.get(order_id, frozenset())))


def _page(body: Json | None) -> Story:
    if body is None:
        return Story()
    moments = ((m["event"], datetime.fromisoformat(m["at"])) for m in body["timeline"])
    parts = {name: part for name in OWNERS if (part := _part(body[name]))}
    return Story(body["customer_id"], parts, frozenset(moments))


def _owners(owned: dict[str, Json | None], said: Said) -> Story:
    order = owned["order"]
    parts = {name: part for name, body in owned.items() if (part := _part(body))}
    return Story(order["customer_id"] if order else "", parts, said)


def _part(body: Json | None) -> Part | None:
    return Part(body["version"], body["status"]) if body else None


def drift(pages: Pages, newest: int | None = None) -> tuple[int, list[Finding]]:
    """Return how many pages were compared, and what is wrong for longer than a moment."""
    order_ids = pages.newest(newest)
    return len(order_ids), outlasting(pages.findings, order_ids, SETTLE_S)


def main() -> int:
    """Parse the command line, compare, print what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--newest", type=int, metavar="N", help="only the N placed last")
    parser.add_argument("--run-dir", type=Path, default=ROOT / ".run")
    arguments = parser.parse_args()
    try:
        stack = RunningStack(RunFolder(arguments.run_dir))
        number, findings = drift(Pages(stack), arguments.newest)
    except StackError as error:
        print(error, file=sys.stderr)
        return 2
    fine = f"The pages of all {number} orders tell what their owners do."
    return tell(findings, "what the page tells, and what its owner does", fine)


if __name__ == "__main__":
    sys.exit(main())
