"""`make demo`: play one order on the running stack, from the counter to the customer's page.

python -m tools.demo [--run-dir .run]
"""

import argparse
import json
import sys
import time
import uuid
from http import HTTPStatus
from pathlib import Path

from tools.client import Json, RunningStack
from tools.launch import ROOT
from tools.processes import wait_for
from tools.run_folder import RunFolder
from tools.terminal import Refused, Say, StackError, say

STEP_TIMEOUT_S = 20.0
CAFE = "gangnam"
ORDER: Json = {
    "cafe_id": CAFE,
    "items": [{"menu_id": "americano", "quantity": 1}],
    "payment_method": "tok_ok",
    "fulfilment": {"method": "pickup"},
}


class Demo:
    """One order, one line per step with the milliseconds since the start."""

    def __init__(self, stack: RunningStack, tell: Say) -> None:
        self._stack = stack
        self._tell = tell
        self._started = time.monotonic()
        self._customer = {"Authorization": f"Bearer {stack.token('ana', ['customer'])}"}
        self._barista = {"Authorization": f"Bearer {stack.token('ben', ['barista'], CAFE)}"}

    def play(self) -> Json:
        """Return the finished page; raise StackError at the first step that fails."""
        order_id = self._place()
        self._wait_for_page(order_id, "Paid")
        for command in ("accept", "start", "finish", "hand-over"):
            path = f"/cafe-orders/{order_id}/{command}"
            answer = self._stack.call("cafe-svc", "POST", path, headers=self._barista)
            self._step(f"{command}: the cafe says {answer.get('status')}")
        return self._wait_for_page(order_id, "Completed")

    def _place(self) -> str:
        headers = self._customer | {"Idempotency-Key": str(uuid.uuid4())}
        order = self._stack.call("order-svc", "POST", "/orders", ORDER, headers)
        self._step(f"placed: order {order['order_id']}")
        return order["order_id"]

    def _wait_for_page(self, order_id: str, status: str) -> Json:
        seen: Json = {}

        def arrived() -> bool:
            try:
                page = self._stack.call(
                    "mypage-svc", "GET", f"/my-pages/{order_id}", headers=self._customer
                )
            except Refused as error:
                if error.status != HTTPStatus.NOT_FOUND:  # until its first event has arrived
                    raise
            else:
                seen.update(page)
            return seen.get("order_status") == status

        try:
            wait_for(arrived, STEP_TIMEOUT_S)
        except TimeoutError:
            raise StackError(
                f"The page does not say {status} after {STEP_TIMEOUT_S:.0f} s but"
                f" {seen.get('order_status', 'nothing')}."
            ) from None
        self._step(f"the page says {status}")
        return seen

    def _step(self, text: str) -> None:
        self._tell(f"{(time.monotonic() - self._started) * 1000:7.0f} ms  {text}")


def main() -> int:
    """Parse the command line, play, print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run-dir", type=Path, default=ROOT / ".run")
    try:
        stack = RunningStack(RunFolder(parser.parse_args().run_dir))
        print(json.dumps(Demo(stack, say).play(), indent=2, ensure_ascii=False))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
