"""Whatever the services use has a policy: nothing is called without a limit, no event is lost.

What they use is read from their code, their settings in dapr.yaml and the subscriptions they
answer with, not from a list that somebody keeps.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from cafe_kit.settings import Settings
from tests.components.resources import of_kind
from tests.memory.cafe import MemoryCafe
from tools.contracts.services import SERVICES
from tools.launch import ROOT, RUN_FILE

RESILIENCY = of_kind("Resiliency")["cafe"]["spec"]
RETRIES, TARGETS = RESILIENCY["policies"]["retries"], RESILIENCY["targets"]
LETTERS = Settings.model_fields["letter_pubsub"].default
APPS = {app["appID"]: app["env"] for app in yaml.safe_load(RUN_FILE.read_text())["apps"]}
PACKAGES = ["kit/cafe_kit", *(f"{app_id}/{app_id.replace('-', '_')}" for app_id in APPS)]
CALLS_ON = {"kit/cafe_kit/faults.py", "kit/cafe_kit/memory_sidecar.py"}
"""Sidecars, which pass on the target they are given."""


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def targets_in(source: str) -> Iterator[str]:
    """Return the first argument of every `invoke`; raises AssertionError for one that is computed.

    Such a target could not be compared with anything.
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="invoke"), args=[ast.Constant(value=str(to)), *_]
            ):
                yield to
            case ast.Call(func=ast.Attribute(attr="invoke")):
                raise AssertionError(f"a target that is not written out: {ast.unparse(node)}")
            case _:
                pass


def called() -> set[str]:
    found: set[str] = set()
    for path in sources():
        if str(path.relative_to(ROOT)) not in CALLS_ON:
            found.update(targets_in(path.read_text(encoding="utf-8")))
    return found


def test_everything_that_is_called_has_a_policy_with_a_timeout() -> None:
    targets = called()

    assert {"cafe-svc", "payment-gateway", "identity-provider"} <= targets
    assert targets == {name for name, target in TARGETS["apps"].items() if target["timeout"]}


@pytest.mark.parametrize("source", ["sidecar.invoke(app_id, '/x')", "sidecar.invoke(app_id=X)"])
def test_a_target_that_is_not_written_out_is_found(source: str) -> None:
    with pytest.raises(AssertionError, match="not written out"):
        list(targets_in(source))


@pytest.mark.parametrize("app_id", APPS)
def test_every_store_and_broker_of_an_app_has_a_timeout_for_what_goes_there(app_id: str) -> None:
    used = {APPS[app_id]["STATE_STORE"], APPS[app_id]["PUBSUB"], LETTERS}

    assert used <= {name for name, each in TARGETS["components"].items() if each["outbound"]}
    assert all(TARGETS["components"][name]["outbound"]["timeout"] for name in used)


async def test_every_subscription_has_retries_and_a_place_for_what_they_cannot_help() -> None:
    async with MemoryCafe() as cafe:
        answers = {
            service.app_id: await cafe.dapr.apps[service.app_id]("GET", "/dapr/subscribe", b"", {})
            for service in SERVICES
        }

    for app_id, answer in answers.items():
        subscriptions = cast("list[dict[str, Any]]", json.loads(answer.body))
        assert subscriptions, app_id
        for each in subscriptions:
            retry = RETRIES[TARGETS["components"][each["pubsubname"]]["inbound"]["retry"]]
            # A letter has no further place to go: it is tried for ever.
            forever = retry["maxRetries"] == -1
            assert forever if each["pubsubname"] == LETTERS else each["deadLetterTopic"], each
