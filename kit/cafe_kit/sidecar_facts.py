"""What a sidecar tells about itself: its metadata, and the circuit breakers among its metrics."""

from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families
from pydantic_core import from_json

_BREAKER: Final = "dapr_resiliency_cb_state"


@dataclass(frozen=True, slots=True)
class Component:
    """A resource the sidecar has loaded: `type` as in its file, e.g. state.sqlite."""

    name: str
    type: str
    version: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic this app hears; `dead_letter_topic` is empty where it has none."""

    pubsub: str
    topic: str
    dead_letter_topic: str


@dataclass(frozen=True, slots=True)
class AppHealth:
    """How the sidecar looks after its app; durations as Go writes them, e.g. 3.9s."""

    path: str
    probe_interval: str
    probe_timeout: str
    threshold: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the sidecar knows of itself; `app_health` None: it does not look after its app."""

    app_id: str
    runtime_version: str
    components: tuple[Component, ...]
    subscriptions: tuple[Subscription, ...]
    app_health: AppHealth | None

    @property
    def topics(self) -> frozenset[str]:
        """The topics this app hears."""
        return frozenset(each.topic for each in self.subscriptions)


@dataclass(frozen=True, slots=True)
class Breaker:
    """A circuit breaker: closed, half-open or open; `target` as in Dapr's metrics (app_NAME)."""

    target: str
    state: str


def metadata_of(body: bytes) -> Metadata:
    """Read the answer of `GET /v1.0/metadata`, from which daprd leaves out what is empty."""
    known: dict[str, Any] = from_json(body)
    return Metadata(
        app_id=known.get("id", ""),
        runtime_version=known.get("runtimeVersion", ""),
        components=tuple(map(_component, known.get("components", []))),
        subscriptions=tuple(map(subscription_of, known.get("subscriptions", []))),
        app_health=_app_health(known.get("appConnectionProperties", {}).get("health")),
    )


def breakers_of(metrics: str) -> tuple[Breaker, ...]:
    """Read the breakers from what a sidecar's metrics port answers, sorted by target.

    There is a sample per target and state; the present one is 1. Only those lines are parsed: the
    histograms of a busy sidecar are hundreds of times as long.
    """
    lines = [line for line in metrics.splitlines() if line.startswith(f"{_BREAKER}{{")]
    samples = (
        sample
        for family in text_string_to_metric_families("\n".join([*lines, ""]))
        for sample in family.samples
        if sample.value == 1
    )
    found = {(each.labels["target"], each.labels["status"]) for each in samples}
    return tuple(Breaker(target, state) for target, state in sorted(found))


def _component(item: dict[str, Any]) -> Component:
    capabilities = tuple(item.get("capabilities") or ())
    return Component(item["name"], item["type"], item.get("version", ""), capabilities)


def subscription_of(item: dict[str, Any]) -> Subscription:
    """Read one subscription as daprd gives it, or as an app asks for it."""
    return Subscription(item["pubsubname"], item["topic"], item.get("deadLetterTopic", ""))


def _app_health(item: dict[str, Any] | None) -> AppHealth | None:
    if item is None:
        return None
    return AppHealth(
        path=item.get("healthCheckPath", ""),
        probe_interval=item.get("healthProbeInterval", ""),
        probe_timeout=item.get("healthProbeTimeout", ""),
        threshold=item.get("healthThreshold", 0),
    )
