"""`contracts/` is what the services say: generated, committed, and never silently changed.

A contract that differs from the code is worse than none, and an example that was published once
stays readable for ever, so it is never replaced.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.committed import ROOT, Json
from tools.contracts.checkout import breaks, compare, differences, update
from tools.contracts.generate import Contracts

PAID = "contracts/events/cafe.Paid.v1.schema.json"
PAID_EXAMPLE = "contracts/examples/cafe.Paid.v1/pickup.json"


@pytest.fixture
def checkout(tmp_path: Path, fresh: Contracts) -> Path:
    """A copy of everything that is generated."""
    assert update(tmp_path, fresh) == 0
    return tmp_path


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_committed_contracts_are_those_of_the_services(fresh: Contracts) -> None:
    assert breaks(ROOT, fresh) == []
    assert differences(ROOT, fresh) == []


def test_every_event_has_an_example(fresh: Contracts) -> None:
    played = {Path(name).parent.name for name in fresh.examples}

    assert played == fresh.schemas.keys()


def test_a_written_checkout_is_up_to_date(checkout: Path, fresh: Contracts) -> None:
    assert compare(checkout, fresh) == 0


def test_a_difference_is_named_and_fails(
    checkout: Path, fresh: Contracts, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(checkout / PAID, description="another text")
    (checkout / PAID_EXAMPLE).unlink()
    (checkout / "contracts/asyncapi.yaml").unlink()
    (checkout / "contracts/openapi/tea-svc.json").write_text("{}")
    capsys.readouterr()

    code = compare(checkout, fresh)

    assert code == 1
    assert capsys.readouterr().out.splitlines() == [
        f"OUT OF DATE     {PAID}: differs from the services",
        "OUT OF DATE     contracts/asyncapi.yaml: missing",
        f"OUT OF DATE     {PAID_EXAMPLE}: missing",
        "OUT OF DATE     contracts/openapi/tea-svc.json: of no service",
    ]


def test_a_text_that_no_reader_depends_on_is_brought_up_to_date(
    checkout: Path, fresh: Contracts
) -> None:
    edit(checkout / PAID, description="another text")

    code = update(checkout, fresh)

    assert code == 0
    assert (checkout / PAID).read_text() == fresh.files[PAID]


def test_an_older_example_stays_as_it_is_while_readers_can_read_it(
    checkout: Path, fresh: Contracts
) -> None:
    edit(checkout / PAID_EXAMPLE, id="the id it had last year")
    older = (checkout / PAID_EXAMPLE).read_text()

    code = update(checkout, fresh)

    assert code == compare(checkout, fresh) == 0
    assert (checkout / PAID_EXAMPLE).read_text() == older


def test_an_older_example_that_is_no_longer_valid_is_named(
    checkout: Path, fresh: Contracts
) -> None:
    example: Json = json.loads((checkout / PAID_EXAMPLE).read_text())
    edit(checkout / PAID_EXAMPLE, data=example["data"] | {"version": "two"})

    found = breaks(checkout, fresh)

    assert found == [f"{PAID_EXAMPLE}: no longer valid, $.version: 'two' is not of type 'integer'"]


def test_a_schema_is_not_written_over_one_it_breaks(
    checkout: Path, fresh: Contracts, capsys: pytest.CaptureFixture[str]
) -> None:
    committed = (checkout / PAID).read_text()
    schema: Json = json.loads(committed)
    del schema["properties"]["approval_code"]
    changed = replace(
        fresh,
        schemas=fresh.schemas | {"cafe.Paid.v1": schema},
        files=fresh.files | {PAID: json.dumps(schema)},
        examples={},
    )
    capsys.readouterr()

    code = update(checkout, changed)

    assert code == 1
    assert f"{PAID}: data.approval_code: removed" in capsys.readouterr().out
    assert (checkout / PAID).read_text() == committed


def test_an_event_that_nobody_says_any_more_is_named(checkout: Path, fresh: Contracts) -> None:
    rest = {topic: each for topic, each in fresh.schemas.items() if topic != "cafe.Paid.v1"}

    found = breaks(checkout, replace(fresh, schemas=rest))

    assert f"{PAID}: nobody says this event any more" in found
    assert f"{PAID_EXAMPLE}: nobody says this event any more" in found
