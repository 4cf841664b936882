"""`make up`: the stack in the foreground, supervised, until Ctrl-C.

python -m tools.up [--sandbox] [--store sqlite|valkey|postgres] [--run-dir .run]
"""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tools.components import STORES
from tools.launch import BESIDE_DAPR_RUN, ROOT, SANDBOXES, default_stack, partial_stack
from tools.rebuild_runner import ReadSides
from tools.stack import Stack
from tools.terminal import StackError

LOOK_EVERY_S = 0.2
WHO = '-H "Authorization: Bearer $(make -s token {who})"'
PLACE = (
    'ORDER=$(curl -sS {door}/orders -H "Idempotency-Key: $(date +%s)-$RANDOM" {ana}'
    " -H 'Content-Type: application/json'"
    ' -d \'{{"cafe_id":"gangnam","items":[{{"menu_id":"americano","quantity":1}}],'
    '"payment_method":"tok_ok","fulfilment":{{"method":"pickup"}}}}\''
    ' | sed -E \'s/.*"order_id": ?"([^"]+)".*/\\1/\'); echo $ORDER'
)
FOLLOW = "curl -sS {door}/my-pages/$ORDER {ana}"
SERVE = (
    "for step in accept start finish hand-over; do"
    " curl -sS -X POST {door}/cafe-orders/$ORDER/$step {ben}; echo; done"
)


def curl_lines(stack: Stack) -> list[str]:
    """Return three shell lines: place an order, follow it, serve it."""
    values = {
        "door": stack.url("gateway"),
        "ana": WHO.format(who="SUB=ana ROLE=customer"),
        "ben": WHO.format(who="SUB=ben ROLE=barista CAFE=gangnam"),
    }
    return [line.format(**values) for line in (PLACE, FOLLOW, SERVE)]


def run(open_stack: Callable[[], Stack]) -> int:
    """Run a stack until Ctrl-C or SIGTERM (0), or until it cannot go on (1, with a sentence)."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    pause = threading.Event()
    try:
        with open_stack() as stack:
            _greet(stack)
            read_sides = ReadSides(stack)
            while not pause.wait(LOOK_EVERY_S):
                stack.tick()
                read_sides.look()
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
    except StackError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _greet(stack: Stack) -> None:
    print(f"Ready in {stack.seconds_to_ready:.1f} s. Ctrl-C stops everything.")
    print(f"  The cafe is open:   {stack.url('gateway')}/")
    for name in (*stack.services, *SANDBOXES):
        if name in stack.processes:
            print(f"  {name:<18}{stack.url(name)}")
    print(f"  logs              {stack.folder.logs}/", flush=True)
    if "order-svc" in stack.processes:
        print("Place an order, follow it, serve it:", *curl_lines(stack), sep="\n\n")
        print(flush=True)


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandbox", action="store_true", help="only the external stand-ins")
    parser.add_argument("--store", default=STORES[0], help="where documents are kept")
    parser.add_argument("--run-dir", type=Path, default=ROOT / ".run")
    arguments = parser.parse_args()
    run_dir = arguments.run_dir.resolve()
    return run(
        lambda: (
            partial_stack(run_dir, BESIDE_DAPR_RUN, restart=True)
            if arguments.sandbox
            else default_stack(run_dir, store=arguments.store)
        )
    )


if __name__ == "__main__":
    sys.exit(main())
