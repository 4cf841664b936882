"""Prometheus metrics every service has; labels are bounded sets, never ids."""

from prometheus_client import Counter, Gauge, Histogram

TRANSITIONS = Counter("cafe_transitions", "Steps of an aggregate", ("kind", "trigger", "after"))
EVENTS = Counter("cafe_events_received", "Events handled", ("topic", "outcome"))
REQUESTS = Histogram(
    "cafe_http_request_seconds",
    "Requests by route template",
    ("method", "route", "status"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
REMINDERS = Counter("cafe_reminders", "Reminders handled", ("kind", "result"))
STREAMS = Gauge("cafe_streams_open", "Streams that people follow right now")
DEAD_LETTERS = Gauge("cafe_dead_letters", "Open dead letters, as last seen", ("status",))
