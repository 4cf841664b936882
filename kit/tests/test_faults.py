"""The fault that tests may ask for: a process that dies between a save and its publish, once."""

from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from cafe_kit.faults import KillBeforePublish
from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.settings import Settings
from cafe_kit.sidecar import Reply, Write
from kit.tests.child import ENV, lamp_process
from tests.waiting import wait_until


class Died(BaseException):
    """Stands for the end of the process."""


async def test_the_process_dies_after_the_save_and_before_the_publish_it_was_told(
    dapr: MemoryDapr, sidecar: MemorySidecar, tmp_path: Path
) -> None:
    wish = tmp_path / "kill"
    mortal = KillBeforePublish(sidecar, wish, die=die)

    await mortal.publish("lamp.Lit.v1", b"{}")
    wish.write_text("lamp.Lit.v1")
    await mortal.publish("lamp.Dimmed.v1", b"{}")
    await mortal.save(Write("lamp:1", b"{}", None))
    with pytest.raises(Died):
        await mortal.publish("lamp.Lit.v1", b"{}")

    assert [topic for topic, _ in dapr.published] == ["lamp.Lit.v1", "lamp.Dimmed.v1"]
    assert await sidecar.get("lamp:1") is not None


async def test_the_process_that_is_started_again_lives_on(
    dapr: MemoryDapr, sidecar: MemorySidecar, tmp_path: Path
) -> None:
    wish = tmp_path / "kill"
    wish.write_text("lamp.Lit.v1")
    with pytest.raises(Died):
        await KillBeforePublish(sidecar, wish, die=die).publish("lamp.Lit.v1", b"{}")

    await KillBeforePublish(sidecar, wish, die=die).publish("lamp.Lit.v1", b"{}")

    assert [topic for topic, _ in dapr.published] == ["lamp.Lit.v1"]


async def test_whatever_else_is_asked_the_other_sidecar_answers(
    dapr: MemoryDapr, sidecar: MemorySidecar, tmp_path: Path
) -> None:
    mortal = KillBeforePublish(sidecar, tmp_path / "kill", die=die)
    dapr.apps["hearer"] = succeed

    await mortal.save_many([Write("a", b"1", None), Write("b", b"2", None)])
    await mortal.schedule("job", due_s=1.0, data=b"{}")
    await mortal.schedule("other", due_s=1.0, data=b"{}")
    await mortal.unschedule("other")

    assert await mortal.get("a") == await sidecar.get("a")
    assert set(await mortal.get_many(["a", "b", "c"])) == {"a", "b"}
    assert (await mortal.invoke("hearer", "/path")).status == 200
    assert await mortal.metadata() == await sidecar.metadata()
    assert await mortal.breakers() == ()
    assert list(sidecar.jobs) == ["job"]
    await mortal.close()


async def test_a_process_that_was_asked_to_dies_by_kill_9_in_its_publish(tmp_path: Path) -> None:
    wish = tmp_path / "kill"

    async with lamp_process(tmp_path, FAULT_KILL=str(wish)) as (process, client):
        assert (await client.get("/publish")).status_code == 503
        wish.write_text("lamp.Lit.v1")
        with pytest.raises(httpx.TransportError):
            await client.get("/publish")
        await wait_until(lambda: not process.alive, what="the end")

    assert process.exit_text == "signal SIGKILL"
    assert not wish.exists()


def test_a_fault_is_refused_in_production_and_never_there_unasked() -> None:
    env, fault = {**ENV, "APP_PORT": "8001"}, {"FAULT_KILL": "/run/kill"}

    assert Settings.from_env(env).fault_kill is None
    assert Settings.from_env(env | fault).fault_kill == Path("/run/kill")
    with pytest.raises(ValidationError, match="FAULT_KILL is for tests"):
        Settings.from_env(env | fault | {"ENVIRONMENT": "production"})


async def succeed(*_: object) -> Reply:
    return Reply(200, b"")


def die() -> None:
    raise Died
