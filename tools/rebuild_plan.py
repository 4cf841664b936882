"""What the pages are read from and written to: the file `generation` of a run folder.

`generation` names the documents of mypage-svc, and its consumer group at the broker. While they are
rebuilt a second process of it fills the next one `beside` the one that is served.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tools.terminal import StackError

APP_ID: Final = "mypage-svc"
GUEST: Final = "mypage-svc.2"
"""The second process; the gateway looks for it, too."""
FIRST: Final = "1"
CATCH_UP_S: Final = 6.0
"""So long no event of the past must have come before the second process is ready: longer than a
store may take to answer (components/resiliency.yaml)."""


@dataclass(frozen=True, slots=True)
class ReadSide:
    """One generation, as a process of mypage-svc has it in its environment."""

    generation: str = FIRST
    catch_up_s: float = 0

    @property
    def group(self) -> str:
        """The consumer group; the first has the app-id, as it has without any setting."""
        return APP_ID if self.generation == FIRST else f"{APP_ID}-{self.generation}"

    def app_env(self, app_id: str) -> Mapping[str, str]:
        """Return what this app has to know."""
        if app_id != APP_ID:
            return {}
        return {"GENERATION": self.generation, "CATCH_UP_QUIET_S": str(self.catch_up_s)}

    def sidecar_env(self, app_id: str) -> Mapping[str, str]:
        """Return what this app's sidecar has to know (components/page-pubsub.yaml)."""
        return {"PAGE_GROUP": self.group} if app_id == APP_ID else {}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run: the generation that mypage-svc has, and the one of the second process."""

    serving: str = FIRST
    beside: str | None = None


def read(run_dir: Path) -> Plan:
    """Return the plan of a run folder. Raises `StackError` for a file that is none."""
    file = _file(run_dir)
    try:
        return Plan(**json.loads(file.read_text()))
    except FileNotFoundError:
        return Plan()
    except (ValueError, TypeError) as error:
        raise StackError(f"{file} is not what `make rebuild-pages` writes: {error}.") from error


def write(run_dir: Path, plan: Plan) -> None:
    """Replace the plan in one step; who runs the stack follows it."""
    new = _file(run_dir).with_suffix(".new")
    new.write_text(json.dumps(asdict(plan)) + "\n")
    new.replace(_file(run_dir))


def at_start(run_dir: Path) -> ReadSide:
    """Return what is served; a rebuild that was cut off is forgotten."""
    plan = read(run_dir)
    if plan.beside is not None:
        write(run_dir, Plan(plan.serving))
    return ReadSide(plan.serving)


def new_generation(now: datetime) -> str:
    """Return a name that was never used: what a failed attempt has left is not built upon."""
    return f"{now.astimezone(UTC):%Y%m%dt%H%M%S}"


def _file(run_dir: Path) -> Path:
    return run_dir / "generation"
