"""Any history: hypothesis chooses what happens next, and finds the shortest one that breaks."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kit.tests.virtual_time import VirtualTimeLoop
from tests.simulation.accidents import FAULTS, PARTS
from tests.simulation.invariants import Invariants
from tests.simulation.people import COMMANDS
from tests.simulation.rest import come_to_rest
from tests.simulation.tally import Tally
from tests.simulation.world import APPS, CAFES, World

MAX_ORDERS: Final = 6
STEPS: Final = 50
BATCH: Final = 5
"""Histories of one seed: another number would give other histories."""

SLOW_IS_FINE: Final = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
)
ANY: Final = st.integers(0, 1_000)
PAYMENTS: Final = (
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_declined",
    "tok_slow",
    "tok_500_after_charge",
    "tok_timeout_after_charge",
)
MODES: Final = ("normal", "slow", "down", "charge_then_500", "charge_then_timeout", "throttle")
SECONDS: Final = (1, 5, 10, 31, 60, 150, 600)


class History(RuleBasedStateMachine):
    """One history of up to six orders; coming to rest ends it."""

    tally = Tally()

    @initialize(chances=st.integers(0, 2**32 - 1))
    def begin(self, chances: int) -> None:
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.checks = Invariants()
        self.world = self.run(World.begin(chances, self.tally))

    @precondition(lambda self: len(self.world.wishes) < MAX_ORDERS)
    @rule(cafe_id=st.sampled_from(CAFES), payment=st.sampled_from(PAYMENTS), delivery=st.booleans())
    def place(self, cafe_id: str, payment: str, delivery: bool) -> None:  # noqa: FBT001
        self.run(self.world.place(cafe_id, payment, delivery=delivery))

    @precondition(lambda self: len(self.world.wishes) < MAX_ORDERS)
    @rule(cafe_id=st.sampled_from(CAFES))
    def place_and_pay(self, cafe_id: str) -> None:
        """An order as most are: it comes to the cafe at once, if nothing is broken."""
        self.run(self.world.place(cafe_id))
        self.run(self.world.broker.settle())

    @precondition(lambda self: self.world.wishes)
    @rule(number=ANY, other=st.booleans())
    def ask_again(self, number: int, other: bool) -> None:  # noqa: FBT001
        """The same request again, or another one under its key."""
        wish = self.world.wishes[number % len(self.world.wishes)]
        self.run(
            self.world.reuse_key(wish) if other and wish.granted else self.world.ask_again(wish)
        )

    @precondition(lambda self: self.world.orders())
    @rule(number=ANY)
    def cancel(self, number: int) -> None:
        self.run(self.world.cancel(self.order(number)))

    @precondition(lambda self: self.world.work())
    @rule(number=ANY)
    def work(self, number: int) -> None:
        """The staff does what is next: accept, start, finish, hand over ..."""
        work = self.world.work()
        self.run(self.world.command(*work[number % len(work)]))

    @precondition(lambda self: self.world.work())
    @rule(number=ANY)
    def work_on(self, number: int) -> None:
        """The staff does what is next, and everybody hears of it."""
        self.work(number)
        self.run(self.world.broker.settle())

    @precondition(lambda self: self.world.orders())
    @rule(number=ANY, name=st.sampled_from(COMMANDS))
    def command(self, number: int, name: str) -> None:
        """The staff does anything, sensible or not."""
        self.run(self.world.command(self.order(number), name))

    @precondition(lambda self: self.world.work())
    @rule(number=ANY)
    def reject(self, number: int) -> None:
        work = self.world.work()
        self.run(self.world.command(work[number % len(work)][0], "reject"))

    @precondition(lambda self: self.world.orders())
    @rule(number=ANY)
    def retry_refund(self, number: int) -> None:
        self.run(self.world.retry_refund(self.order(number)))

    @rule(action=st.sampled_from(["open", "close", "sold-out", "restock"]))
    def manage(self, action: str) -> None:
        """One cafe only, so that others go on taking orders."""
        self.run(self.world.manage("jamsil", action))

    @precondition(lambda self: self.world.cafe.dapr.pending)
    @rule(number=ANY)
    def deliver(self, number: int) -> None:
        self.run(self.world.broker.deliver(number))

    @precondition(lambda self: self.world.cafe.dapr.pending)
    @rule(most=st.integers(2, 12))
    def deliver_many(self, most: int) -> None:
        self.run(self.world.broker.deliver_many(most))

    @precondition(lambda self: self.world.cafe.dapr.pending)
    @rule()
    def settle(self) -> None:
        self.run(self.world.broker.settle())

    @precondition(lambda self: self.world.cafe.dapr.pending)
    @rule(number=ANY)
    def duplicate(self, number: int) -> None:
        self.run(self.world.broker.duplicate(number))

    @precondition(lambda self: self.world.cafe.dapr.pending)
    @rule(number=ANY)
    def delay(self, number: int) -> None:
        self.world.broker.delay(number)

    @precondition(lambda self: self.world.cafe.dapr.pending)
    @rule(number=ANY)
    def lose(self, number: int) -> None:
        """Drop until redelivery."""
        self.world.broker.lose(number)

    @rule(seconds=st.sampled_from(SECONDS))
    def tick(self, seconds: int) -> None:
        self.run(self.world.broker.tick(seconds))

    @precondition(lambda self: self.world.cafe.dapr.jobs.next_due())
    @rule()
    def fire_again(self) -> None:
        self.run(self.world.broker.fire_again())

    @rule(mode=st.sampled_from(MODES))
    def gateway(self, mode: str) -> None:
        self.run(self.world.gateway(mode))

    @precondition(lambda self: self.world.orders())
    @rule(app_id=st.sampled_from(APPS))
    def crash(self, app_id: str) -> None:
        self.world.crash(app_id)

    @precondition(lambda self: self.world.down())
    @rule(number=ANY)
    def restart(self, number: int) -> None:
        down = self.world.down()
        self.run(self.world.restart(down[number % len(down)]))

    @rule(
        app_id=st.sampled_from(APPS), calls=st.integers(1, 5), fault=st.sampled_from(list(FAULTS))
    )
    def trip(self, app_id: str, calls: int, fault: str) -> None:
        self.world.trip(app_id, calls, fault)

    @rule(
        app_id=st.sampled_from(APPS),
        part=st.sampled_from(list(PARTS)),
        seconds=st.sampled_from([1, 10, 40, 150]),
    )
    def lose_part(self, app_id: str, part: str, seconds: int) -> None:
        self.world.lose_part(app_id, part, seconds)

    @precondition(lambda self: self.world.down() or self.world.mode != "normal")
    @rule()
    def mend(self) -> None:
        self.run(self.world.heal())

    @invariant()
    def holds(self) -> None:
        self.tally.runs["steps"] += 1
        self.checks.after_a_step(self.world)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.run(come_to_rest(self.world, self.checks))
            self.tally.runs["histories"] += 1
        finally:
            self.run(self.world.end())
            self.runner.close()

    def order(self, number: int) -> str:
        orders = self.world.orders()
        return orders[number % len(orders)]

    def run(self, what: Awaitable[Any]) -> Any:
        async def whole() -> Any:
            done = await what
            await asyncio.sleep(0.001)  # what goes on in the background gets its turn
            return done

        return self.runner.run(whole())


def run_histories(first: int, tally: Tally, *, shrink: bool = False) -> None:
    """Run the histories of one seed; raise at one that breaks, or the shortest that does.

    To find the shortest takes up to five minutes.
    """
    histories = seed(first)(type("History", (History,), {"tally": tally}))
    run_state_machine_as_test(
        histories,
        settings=settings(
            max_examples=BATCH,
            stateful_step_count=STEPS,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            deadline=None,
            database=None,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=SLOW_IS_FINE,
        ),
    )
