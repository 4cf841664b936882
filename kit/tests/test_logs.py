"""Log lines: one JSON object each on standard output, with the context they were written in."""

import json
import subprocess
from typing import Any

import pytest

from kit.tests.child import ROOT, command_of


@pytest.fixture(scope="module")
def written() -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command_of("kit.tests.log_lines"), cwd=ROOT, capture_output=True, text=True, check=True
    )


@pytest.fixture
def lines(written: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    """Return every line by its event."""
    parsed = [json.loads(line) for line in written.stdout.splitlines()]
    return {line["event"]: line for line in parsed}


def test_all_lines_go_to_standard_output(written: "subprocess.CompletedProcess[str]") -> None:
    assert written.stderr == ""
    assert len(written.stdout.splitlines()) == 6


def test_a_line_names_service_level_and_time(lines: dict[str, dict[str, Any]]) -> None:
    line = lines["made before it was configured"]

    assert set(line) == {"service", "event", "level", "timestamp"}
    assert (line["service"], line["level"]) == ("lamp-svc", "info")


def test_the_subject_is_printed_under_the_name_of_the_service(
    lines: dict[str, dict[str, Any]],
) -> None:
    assert lines["inside"]["lamp_id"] == "lamp-1"
    assert lines["inside"]["cause_id"] == "press-1"
    assert lines["inside"]["presses"] == 3
    assert not [event for event, line in lines.items() if "subject" in line]


def test_the_context_ends_with_its_block(lines: dict[str, dict[str, Any]]) -> None:
    assert "lamp_id" not in lines["outside"]
    assert lines["bound for good"]["replica"] == "one"


def test_a_line_of_a_library_has_the_same_form_and_context(
    lines: dict[str, dict[str, Any]],
) -> None:
    line = lines["a library says hello"]

    assert (line["service"], line["level"], line["lamp_id"]) == ("lamp-svc", "warning", "lamp-1")


def test_what_is_below_the_level_is_not_written(lines: dict[str, dict[str, Any]]) -> None:
    assert "below the level" not in lines


def test_odd_characters_stay_in_one_line(lines: dict[str, dict[str, Any]]) -> None:
    assert lines["bound for good"]["text"] == 'ü"\n'


def test_an_exception_is_written_with_its_traceback(lines: dict[str, dict[str, Any]]) -> None:
    assert "RuntimeError: bug" in lines["failed"]["exception"]
