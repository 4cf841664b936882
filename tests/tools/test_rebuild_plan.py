"""Which pages are served survives whoever runs the stack; a rebuild that was cut off does not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mypage_svc.settings import Settings
from tools.rebuild_plan import Plan, ReadSide, at_start, new_generation, read, write
from tools.terminal import StackError


def test_without_a_plan_the_first_generation_is_served_under_the_app_id(tmp_path: Path) -> None:
    side = at_start(tmp_path)

    assert side == ReadSide("1")
    assert side.sidecar_env("mypage-svc") == {"PAGE_GROUP": "mypage-svc"}
    assert read(tmp_path) == Plan()


def test_what_is_served_is_known_after_a_restart_and_what_was_being_filled_is_forgotten(
    tmp_path: Path,
) -> None:
    write(tmp_path, Plan("7", "8"))

    side = at_start(tmp_path)

    assert side == ReadSide("7")
    assert read(tmp_path) == Plan("7")
    assert side.app_env("mypage-svc") == {"GENERATION": "7", "CATCH_UP_QUIET_S": "0"}
    assert side.sidecar_env("mypage-svc") == {"PAGE_GROUP": "mypage-svc-7"}


def test_no_other_service_hears_of_generations() -> None:
    side = ReadSide("7")

    assert (side.app_env("order-svc"), side.sidecar_env("order-svc")) == ({}, {})


def test_a_new_generation_is_a_name_that_the_service_takes() -> None:
    name = new_generation(datetime(2026, 11, 23, 2, 54, 31, tzinfo=UTC))

    assert name == "20261123t025431"
    env = {"APP_ID": "a", "APP_PORT": "1", "STATE_STORE": "s", "PUBSUB": "p"}
    env |= {"TOKEN_ISSUER": "https://id.example", "TOKEN_AUDIENCE": "a", "GENERATION": name}
    assert Settings.from_env(env).generation == name


@pytest.mark.parametrize("text", ["", "7", '{"served": "7"}'])
def test_a_file_that_is_no_plan_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "generation").write_text(text)

    with pytest.raises(StackError, match="generation is not what `make rebuild-pages` writes"):
        read(tmp_path)
