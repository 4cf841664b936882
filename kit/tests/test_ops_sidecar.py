"""What an operator sees of a service's sidecar."""

from cafe_kit.memory_sidecar import MemoryDapr, MemorySidecar
from cafe_kit.sidecar import Unavailable
from cafe_kit.sidecar_facts import AppHealth, Breaker, Component, Metadata, Subscription
from kit.tests.issuer import Issuer
from kit.tests.lamp import ManualClock
from kit.tests.lamp_service import client_of, lamp_app

FACTS = Metadata(
    "lamp-svc",
    "1.18.2",
    (Component("store", "state.sqlite", "v1", ("ETAG",)),),
    (Subscription("broker", "lamp.Lit.v1", "letters"),),
    AppHealth("/livez", "4s", "3.9s", 3),
)


class TellingSidecar(MemorySidecar):
    """A sidecar in memory that has as much to tell as a real one."""

    async def metadata(self) -> Metadata:
        return FACTS

    async def breakers(self) -> tuple[Breaker, ...]:
        return (Breaker("app_bank", "open"),)


async def test_an_operator_sees_components_subscriptions_breakers_and_the_probe(
    dapr: MemoryDapr, clock: ManualClock, issuer: Issuer
) -> None:
    app = lamp_app(TellingSidecar(dapr, "lamp-svc"), clock)
    headers = {"authorization": f"Bearer {issuer.token(roles=['operator'])}"}

    async with client_of(app) as client:
        reply = await client.get("/ops/sidecar", headers=headers)

    assert reply.status_code == 200
    assert reply.json() == {
        "app_id": "lamp-svc",
        "runtime_version": "1.18.2",
        "components": [
            {"name": "store", "type": "state.sqlite", "version": "v1", "capabilities": ["ETAG"]}
        ],
        "subscriptions": [
            {"pubsub": "broker", "topic": "lamp.Lit.v1", "dead_letter_topic": "letters"}
        ],
        "breakers": [{"target": "app_bank", "state": "open"}],
        "app_health": {
            "path": "/livez",
            "probe_interval": "4s",
            "probe_timeout": "3.9s",
            "threshold": 3,
        },
    }


async def test_nobody_else_sees_it(
    sidecar: MemorySidecar, clock: ManualClock, issuer: Issuer
) -> None:
    headers = {"authorization": f"Bearer {issuer.token(roles=['keeper'])}"}

    async with client_of(lamp_app(sidecar, clock)) as client:
        with_role = await client.get("/ops/sidecar", headers=headers)
        without_token = await client.get("/ops/sidecar")

    assert (with_role.status_code, without_token.status_code) == (403, 401)


async def test_without_an_answer_of_the_sidecar_it_is_503(
    sidecar: MemorySidecar, clock: ManualClock, issuer: Issuer
) -> None:
    def silent(verb: str, _phase: str, _what: str) -> None:
        if verb == "breakers":
            raise Unavailable("read metrics: no answer in time")

    sidecar.hook = silent
    headers = {"authorization": f"Bearer {issuer.token(roles=['operator'])}"}

    async with client_of(lamp_app(sidecar, clock)) as client:
        reply = await client.get("/ops/sidecar", headers=headers)

    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
