"""What each service's sidecar loads from `components/`, allows and forbids."""

import pytest

from tests.components.resources import of_kind
from tests.components.runtime import Runtime, Sidecar
from tests.waiting import wait_until

pytestmark = pytest.mark.real

SCOPED = {**of_kind("Component"), **of_kind("HTTPEndpoint")}
COUNTED = "dapr_component_state_count"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("app_id", ["order-svc", "payment-svc", "cafe-svc", "mypage-svc"])
async def test_a_sidecar_loads_all_that_names_its_app_and_reports_no_error(
    runtime: Runtime, app_id: str
) -> None:
    sidecar = await runtime.sidecar(app_id)

    metadata = (await sidecar.http.get("/v1.0/metadata")).json()
    loaded = {each["name"] for each in metadata["components"] + metadata["httpEndpoints"]}
    assert loaded == {name for name, each in SCOPED.items() if app_id in each["scopes"]}
    assert metadata["resiliencies"] == [{"name": "cafe"}]
    assert "level=error" not in sidecar.process.log.read_text()


async def test_only_order_svc_may_say_that_an_order_was_placed(runtime: Runtime) -> None:
    order, payment = await runtime.sidecar("order-svc"), await runtime.sidecar("payment-svc")

    assert await order.publish("cafe-pubsub", "cafe.OrderPlaced.v1") == 204
    assert await payment.publish("cafe-pubsub", "cafe.OrderPlaced.v1") == 403
    assert await runtime.valkey.xlen("cafe.OrderPlaced.v1") == 1


async def test_no_service_reaches_the_store_of_another(runtime: Runtime) -> None:
    order = await runtime.sidecar("order-svc")

    own = await order.http.get("/v1.0/state/order-store/some-order")
    foreign = await order.http.get("/v1.0/state/payment-store/some-order")

    assert own.status_code == 204
    assert foreign.status_code == 400
    assert foreign.json()["errorCode"] == "ERR_STATE_STORE_NOT_FOUND"


async def test_a_sidecar_cannot_be_shut_down_through_its_api(runtime: Runtime) -> None:
    order = await runtime.sidecar("order-svc")

    answer = await order.http.post("/v1.0/shutdown")

    assert answer.status_code == 404
    assert (await order.http.get("/v1.0/metadata")).json()["id"] == "order-svc"
    assert order.process.alive


async def test_a_trace_goes_on_through_a_published_event(runtime: Runtime) -> None:
    payment = await runtime.app()
    payment.hears("cafe-pubsub", "cafe.OrderPlaced.v1")
    await runtime.sidecar("payment-svc", payment)
    order = await runtime.sidecar("order-svc")

    order.http.headers["traceparent"] = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
    await order.publish("cafe-pubsub", "cafe.OrderPlaced.v1")

    [delivery] = await payment.called(times=1)
    assert TRACE_ID in delivery.headers["traceparent"]
    assert TRACE_ID in delivery.body["traceparent"]


async def test_no_order_id_becomes_a_label_of_a_metric(runtime: Runtime) -> None:
    order = await runtime.sidecar("order-svc")

    await order.http.get("/orders/order-4711", headers={"dapr-app-id": "order-svc"})
    await order.http.get("/v1.0/state/order-store/order-4711")

    metrics = await wait_until(
        lambda: read_metrics(order), lambda text: COUNTED in text, what=COUNTED
    )
    assert "order-4711" not in metrics


async def read_metrics(sidecar: Sidecar) -> str:
    return (await sidecar.http.get(sidecar.metrics_url)).text
