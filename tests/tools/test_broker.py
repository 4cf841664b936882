"""The broker tells what a consumer group has heard, which a rebuild of the pages relies on."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
import valkey

from tools import broker, ports
from tools.broker import Broker
from tools.launch import RUN_FILE, valkey_server
from tools.stack import Stack
from tools.terminal import StackError
from tools.topology import Commands, Topology, default_ports

pytestmark = pytest.mark.real
GROUP = "mypage-svc-7"


@pytest.fixture
def server(tmp_path: Path) -> Generator[int]:
    """A broker of its own; its port."""
    chosen = ports.random_ports(default_ports(RUN_FILE))
    commands = Commands(valkey=(str(valkey_server()),))
    with Stack(Topology(RUN_FILE, tmp_path, commands, chosen), only={"valkey"}):
        yield chosen["valkey"]


@pytest.fixture
def streams(server: int) -> Generator[Any]:
    """Two topics, the first with three events; the client's own types are partly unknown."""
    with closing(valkey.Valkey(port=server)) as client:
        for number in range(3):
            client.xadd("placed", {"data": f'{{"id":"{number}","subject":"o-{number}"}}'})
        client.xgroup_create("paid", "somebody", "0", mkstream=True)
        yield cast("Any", client)


def test_a_group_has_heard_what_it_has_acknowledged(server: int, streams: Any) -> None:
    with broker.connect(server) as known:
        ends = known.ends(["placed", "paid"])
        for topic in ends:
            streams.xgroup_create(topic, GROUP, "0")
        unread = (known.left(GROUP, ends), known.has_heard(GROUP, ends))
        [[_, read]] = streams.xreadgroup(GROUP, "one", {"placed": ">"}, count=3)
        streams.xack("placed", GROUP, read[0][0], read[2][0])
        pending = (known.left(GROUP, ends), known.has_heard(GROUP, ends))
        streams.xack("placed", GROUP, read[1][0])
        streams.xadd("placed", {"data": "{}"})  # What is said later does not matter.
        heard = (known.left(GROUP, ends), known.has_heard(GROUP, ends))

    assert (unread, pending, heard) == ((3, False), (1, False), (1, True))


def test_an_event_that_was_deleted_is_not_waited_for(server: int, streams: Any) -> None:
    streams.xdel("placed", streams.xrevrange("placed", count=1)[0][0])
    streams.xgroup_create("placed", GROUP, "0")
    with broker.connect(server) as known:
        [[_, read]] = streams.xreadgroup(GROUP, "one", {"placed": ">"})
        streams.xack("placed", GROUP, *(entry for entry, _ in read))

        assert known.has_heard(GROUP, known.ends(["placed", "paid"]))


def test_a_group_that_is_not_there_yet_has_everything_before_it(server: int, streams: Any) -> None:
    assert streams.ping()
    with broker.connect(server) as known:
        assert known.left(GROUP, ["placed", "paid"]) == 3
        assert not known.has_heard(GROUP, known.ends(["placed"]))


def test_a_group_that_is_forgotten_is_gone_and_others_stay(server: int, streams: Any) -> None:
    streams.xgroup_create("placed", GROUP, "0")
    with broker.connect(server) as known:
        known.forget(GROUP, ["placed", "paid", "never said"])

    assert streams.xinfo_groups("placed") == []
    assert [each["name"] for each in streams.xinfo_groups("paid")] == [b"somebody"]


def test_what_was_said_is_counted_though_it_is_deleted(server: int, streams: Any) -> None:
    streams.xdel("placed", streams.xrevrange("placed", count=1)[0][0])

    with broker.connect(server) as known:
        assert known.added(["placed", "paid", "never said"]) == 3


@pytest.mark.parametrize("junk", ["{", "[]", "7", '{"id":"3"}'])
def test_what_is_no_event_is_left_out(server: int, streams: Any, junk: str) -> None:
    streams.xadd("placed", {"data": junk})

    with broker.connect(server) as known:
        assert [event["id"] for event in known.said(["placed"])] == ["0", "1", "2"]


def test_everything_that_was_said_is_told_oldest_first(
    server: int, streams: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert streams.xlen("placed") == 3
    monkeypatch.setattr(broker, "PAGE", 2)

    with broker.connect(server) as known:
        assert [event["id"] for event in known.said(["placed", "paid"])] == ["0", "1", "2"]


def test_a_broker_that_is_away_is_named_in_one_sentence() -> None:
    port = ports.free_port()

    def ask(known: Broker) -> None:
        known.left(GROUP, ["placed"])

    with (
        pytest.raises(StackError, match=f"The broker at port {port} does not answer"),
        broker.connect(port) as known,
    ):
        ask(known)
