"""`make siege`: both sieges in full, under five minutes; exit code 1 where something is wrong.

python -m tests.siege [--seed 7] [--write docs/siege.md]
"""

import argparse
import asyncio
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.siege.plans import GATEWAY_DOWN, SLOW_CAFE
from tests.siege.report import complaints, table
from tests.siege.siege import besiege

SIEGES = {"cafe-svc is slow": SLOW_CAFE, "The payment gateway is down": GATEWAY_DOWN}
HEAD = """\
# What a siege has shown

Written by `make siege WRITE={page}` when all held: {users} users who order, think for a while and
order again, on one machine together with all that answers them. A phase makes trouble for one
service; the policies are those of [components/resiliency.yaml](../components/resiliency.yaml), and
what they did is counted by daprd. In the end every order that was accepted is paid or cancelled,
and our books and the payment gateway's agree on each.
"""


def main() -> int:
    """Play them, say what was seen, write the page if all is well."""
    parser = argparse.ArgumentParser(prog="tests.siege", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--write", type=Path, help="the page to write, when all has held")
    options = parser.parse_args()
    page, wrong = HEAD.format(page=options.write, users=SLOW_CAFE.users), list[str]()
    for name, plan in SIEGES.items():
        with TemporaryDirectory() as folder:
            outcome = asyncio.run(besiege(Path(folder), plan, options.seed))
        page += f"\n## {name}\n\n{table(plan, outcome)}\n"
        wrong += [f"{name}: {told}" for told in complaints(plan, outcome)]
    sys.stdout.write(page)
    sys.stdout.writelines(f"WRONG (seed {options.seed}): {told}\n" for told in wrong)
    if options.write and not wrong:
        options.write.write_text(page, encoding="utf-8")
    return bool(wrong)


sys.exit(main())
