"""Would a wrong row be noticed? Every mutant of the state tables meets the tests of its service.

`python -m tests.tools.mutation [--at-least 90] [--jobs 2] [order-svc ...]` prints the score of
every domain.py and saga.py and what survived, and fails below the score asked for. No file is
changed: a mutant lives in a child process only, in the place of the module it was made of.
"""

import argparse
import ast
import importlib
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Final, NoReturn

import pytest

from tests.tools.mutants import Mutant, mutants

ROOT: Final = Path(__file__).parents[2]
SERVICES: Final = ("order-svc", "payment-svc", "cafe-svc")
OPTIONS: Final = ("-x", "-q", "-p", "pytest_asyncio.plugin", "--assert=plain", "--tb=no")
DEADLINE_S: Final = 120
NOTICED: Final = {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED, -signal.SIGALRM}
"""A test fails, cannot be imported, or does not end."""


def survivors(file: Path, found: Iterable[Mutant], jobs: int) -> Iterator[Mutant]:
    """Yield the mutants that no test notices. Raises `SystemExit` when the tests do not run."""
    running: dict[int, Mutant] = {}
    for mutant in found:
        if len(running) == jobs:
            yield from _ended(running)
        child = os.fork()
        if child == 0:
            _meet_tests(file, mutant.tree)
        running[child] = mutant
    while running:
        yield from _ended(running)


def _ended(running: dict[int, Mutant]) -> Iterator[Mutant]:
    child, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    mutant = running.pop(child)
    if code == pytest.ExitCode.OK:
        yield mutant
    elif code not in NOTICED:
        raise SystemExit(f"line {mutant.line}: the tests did not run (exit code {code})")


def _meet_tests(file: Path, tree: ast.Module) -> NoReturn:
    """Run the unit tests, and the service tests where those notice nothing; end the process."""
    code = int(pytest.ExitCode.TESTS_FAILED)
    try:
        signal.alarm(DEADLINE_S)
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        name = f"{file.parent.name}.{file.stem}"
        module = sys.modules[name] = ModuleType(name)
        exec(compile(tree, str(file), "exec"), module.__dict__)  # noqa: S102 - that is the idea
        setattr(importlib.import_module(file.parent.name), file.stem, module)
        for tier in ("unit", "service"):
            code = int(pytest.main([*OPTIONS, str(file.parents[1] / "tests" / tier)]))
            if code != pytest.ExitCode.OK:
                break
    finally:
        os._exit(code)


def score(file: Path, jobs: int) -> float:
    """Print what survives and return how many of 100 mutants are noticed."""
    source = file.read_text(encoding="utf-8")
    if not list(survivors(file, [Mutant(0, "", "", ast.parse(source))], 1)):
        raise SystemExit(f"{file.parent.name}: the tests fail without any mutant")
    found = list(mutants(source))
    alive = list(survivors(file, found, jobs))
    percent = 100 * (1 - len(alive) / len(found))
    name = file.relative_to(ROOT)
    lines = [f"{name}: {len(found) - len(alive)} of {len(found)} noticed, {percent:.1f} %"]
    lines += [f"  {name}:{mutant.line}: {mutant.was} -> {mutant.now}" for mutant in alive]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return percent


def main() -> int:
    """Print the scores. Return 1 when one of them is below `--at-least`, else 0."""
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument("--at-least", type=float, default=90.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("services", nargs="*", default=SERVICES)
    wanted = parser.parse_args()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # Loaded once for every child: all they have in common, and nothing of the services.
    for shared in ("pytest_asyncio", "hypothesis", "cafe_kit.app", "cafe_sandbox.payment_gateway"):
        importlib.import_module(shared)
    folders = [ROOT / service / service.replace("-", "_") for service in wanted.services]
    files = [folder / name for folder in folders for name in ("domain.py", "saga.py")]
    return int(min(score(file, wanted.jobs) for file in files) < wanted.at_least)


if __name__ == "__main__":
    sys.exit(main())
