"""What daprd says about itself, as seen on 1.18.2, and what is left out when it is empty."""

import json

from cafe_kit.sidecar_facts import (
    AppHealth,
    Breaker,
    Component,
    Metadata,
    Subscription,
    breakers_of,
    metadata_of,
)

METADATA = {
    "id": "lamp-svc",
    "runtimeVersion": "1.18.2",
    "components": [
        {"name": "store", "type": "state.sqlite", "version": "v1", "capabilities": ["ETAG"]},
        {"name": "broker", "type": "pubsub.redis", "version": "v1"},
    ],
    "subscriptions": [
        {
            "pubsubname": "broker",
            "topic": "lamp.Lit.v1",
            "rules": [{"path": "/events/lamp.Lit.v1"}],
            "deadLetterTopic": "letters",
            "type": "PROGRAMMATIC",
        }
    ],
    "appConnectionProperties": {
        "port": 8001,
        "protocol": "http",
        "channelAddress": "127.0.0.1",
        "health": {
            "healthCheckPath": "/livez",
            "healthProbeInterval": "4s",
            "healthProbeTimeout": "3.9s",
            "healthThreshold": 3,
        },
    },
    "scheduler": {"connected_addresses": ["127.0.0.1:50006"]},
}


def series(target: str, status: str, value: int) -> str:
    labels = f'app_id="lamp-svc",flow_direction="outbound",name="cafe",target="{target}"'
    return f'dapr_resiliency_cb_state{{{labels},policy="circuitbreaker",status="{status}"}} {value}'


def test_metadata_names_components_subscriptions_and_the_probe_of_the_app() -> None:
    assert metadata_of(json.dumps(METADATA).encode()) == Metadata(
        "lamp-svc",
        "1.18.2",
        (
            Component("store", "state.sqlite", "v1", ("ETAG",)),
            Component("broker", "pubsub.redis", "v1", ()),
        ),
        (Subscription("broker", "lamp.Lit.v1", "letters"),),
        AppHealth("/livez", "4s", "3.9s", 3),
    )


def test_a_sidecar_with_nothing_to_tell_is_no_error() -> None:
    metadata = metadata_of(b'{"id":"lamp-svc"}')

    assert metadata == Metadata("lamp-svc", "", (), (), None)
    assert metadata.topics == frozenset()


def test_of_each_breaker_the_present_state_is_told() -> None:
    metrics = "\n".join(
        [
            "# HELP dapr_resiliency_cb_state A resiliency policy's current CircuitBreakerState",
            "# TYPE dapr_resiliency_cb_state gauge",
            series("app_shop", "closed", 0),
            series("app_shop", "half-open", 0),
            series("app_shop", "open", 1),
            series("app_bank", "closed", 1),
            series("app_bank", "open", 0),
            'dapr_resiliency_activations_total{target="app_shop",status="open"} 4',
            'dapr_http_server_latency_bucket{le="not what we parse',
        ]
    )

    assert breakers_of(metrics) == (Breaker("app_bank", "closed"), Breaker("app_shop", "open"))


def test_without_any_breaker_there_is_none() -> None:
    assert breakers_of("") == ()
