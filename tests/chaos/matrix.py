"""The matrix: what goes wrong, how long, how often, and what must go on meanwhile."""

from typing import Final

from tests.chaos.faults import (
    everything_twice,
    forget_groups,
    freeze,
    gateway,
    kill,
    kill_before_publish,
    roll,
)
from tests.chaos.overload import overload
from tests.chaos.run import Row
from tests.memory.checks import VIEWS
from tools.launch import RUN_FILE
from tools.topology import app_ids

APPS: Final = tuple(app_ids(RUN_FILE))
SIDECARS: Final = tuple(f"{app}.daprd" for app in APPS)
OTHERS: Final = tuple(app for app in APPS if app != "order-svc")
SECONDS: Final = tuple(f"{app}.2" for app in APPS)
BREAK: Final = (3.0, 3.0)

ROWS: Final = (
    Row("nothing", ()),
    Row("kill -9 of each app", tuple(kill(app) for app in APPS)),
    Row("kill -9 of each sidecar", tuple(kill(daprd) for daprd in SIDECARS)),
    Row(
        "kill -9 of each app and sidecar together",
        tuple(kill(app, f"{app}.daprd") for app in APPS),
    ),
    Row(
        "kill -9 between save and publish, each topic",
        tuple(kill_before_publish(topic) for topic in VIEWS),
        rate=5.0,
    ),
    Row("freeze 5 s, each app", tuple(freeze(app, 5.0) for app in APPS)),
    Row("freeze 5 s, each sidecar", tuple(freeze(daprd, 5.0) for daprd in SIDECARS)),
    Row("freeze 90 s, each app", tuple(freeze(app, 90.0) for app in APPS), rate=3.0, every_s=20.0),
    Row(
        "freeze 90 s, each sidecar",
        tuple(freeze(daprd, 90.0) for daprd in SIDECARS),
        rate=3.0,
        every_s=20.0,
    ),
    Row(
        "every service but order-svc down 15 s",
        tuple(kill(app, f"{app}.daprd", hold_s=(15.0, 15.0)) for app in OTHERS),
        every_s=0.5,
        orders_go_on=True,
    ),
    Row("Valkey kill -9", (kill("valkey", hold_s=BREAK),) * 3),
    Row("Valkey down 60 s", (kill("valkey", hold_s=(60.0, 60.0)),), rate=3.0),
    Row("consumer groups deleted", (forget_groups(),) * 3),
    Row(
        "scheduler and payment-svc down over a deadline",
        (kill("scheduler", hold_s=(45.0, 45.0)), kill("payment-svc", hold_s=(35.0, 35.0))),
        rate=3.0,
        every_s=0.5,
    ),
    Row("PostgreSQL kill -9", (kill("postgres", hold_s=BREAK),) * 3, store="postgres"),
    Row(
        "PostgreSQL down 30 s",
        (kill("postgres", hold_s=(30.0, 30.0)),),
        rate=3.0,
        store="postgres",
    ),
    Row(
        "gateway charges and does not answer",
        (gateway("charge_then_timeout", 30.0),),
        orders_go_on=True,
    ),
    Row("gateway charges and says 500", (gateway("charge_then_500", 30.0),), orders_go_on=True),
    Row("gateway down 60 s (503)", (gateway("down", 60.0),), rate=4.0, orders_go_on=True),
    Row("gateway throttles 60 s (429)", (gateway("throttle", 60.0),), rate=4.0, orders_go_on=True),
    Row("every message twice", (everything_twice(30.0),), rate=3.0),
    Row(
        "two replicas, kill -9 of one of each",
        tuple(kill(name, f"{name}.daprd") for name in SECONDS),
        replicas=2,
    ),
    Row(
        "two replicas, rolling restart",
        tuple(roll(app) for app in APPS),
        replicas=2,
        flawless=True,
    ),
    Row("three times the load it carries, for 2 min", (), plays=overload),
)

IN_CI: Final = (
    Row(
        "a selection, one after the other",
        (
            kill("payment-svc"),
            kill("order-svc"),
            kill("cafe-svc.daprd"),
            gateway("charge_then_timeout", 5.0),
            kill("valkey", hold_s=(1.0, 2.0)),
            forget_groups(),
            everything_twice(5.0),
        ),
        rate=4.0,
    ),
    Row(
        "two replicas, rolling restart of two services",
        (roll("order-svc"), roll("cafe-svc")),
        rate=4.0,
        replicas=2,
        flawless=True,
    ),
)
"""What finds most in a few minutes."""
