"""What the simulation has found, each told once more as short as it goes."""

from collections.abc import Callable

from kit.tests.virtual_time import run
from tests.simulation import flows
from tests.simulation.accidents import FAULTS
from tests.simulation.rest import come_to_rest
from tests.simulation.world import World


def at_first(verb: str, what: str, fault: str) -> Callable[[str, str, str, str], None]:
    """Return what makes the first call of this verb and topic or key meet a fault."""
    armed = True

    def meet(_: str, called: str, phase: str, about: str) -> None:
        nonlocal armed
        at, error = FAULTS[fault]
        if armed and (called, phase) == (verb, at) and about.startswith(what):
            armed = False
            raise error()

    return meet


def tell(story: flows.Script, *, fault: Callable[[str, str, str, str], None] | None = None) -> None:
    """Let the story happen, bring it to rest and check everything."""

    async def whole() -> None:
        world = await World.begin()
        world.cafe.fault = fault
        await story(world)
        await come_to_rest(world)
        await world.end()

    run(whole())


def test_a_refund_is_told_though_its_process_ended_before_it_was_said() -> None:
    tell(
        flows.c4_cancel_after_payment,
        fault=at_first("publish", "cafe.PaymentRefunded", "crash-before"),
    )


def test_a_failed_refund_is_told_though_its_process_ended_before_it_was_said() -> None:
    tell(
        flows.c8_refund_gateway_is_down,
        fault=at_first("publish", "cafe.RefundFailed", "crash-before"),
    )


def test_uncollected_drinks_are_told_though_the_process_ended_before_it_was_said() -> None:
    tell(
        flows.nobody_collects,
        fault=at_first("publish", "cafe.OrderUncollected", "crash-before"),
    )


def test_an_order_is_told_though_it_was_cancelled_before_it_could_be_said() -> None:
    tell(
        flows.c9_cancel_overtakes_paid,
        fault=at_first("publish", "cafe.OrderPlaced", "error"),
    )


def test_a_page_shows_no_refund_under_way_when_nothing_had_been_charged() -> None:
    async def story(world: World) -> None:
        await world.gateway("down")
        order_id = await flows.placed(world)
        await flows.only(world, "payment-svc", "OrderPlaced")
        await flows.cancelled(world, order_id)
        await world.broker.settle()
        await world.broker.advance(60)

    tell(story)


def test_a_cancellation_is_told_though_the_order_ended_before_it_could_be_said() -> None:
    tell(
        flows.c5_cancel_loses_against_making,
        fault=at_first("publish", "cafe.OrderCancelRequested", "error"),
    )


def test_an_order_keeps_its_deadlines_though_its_save_came_when_it_was_given_up() -> None:
    tell(flows.c7_nobody_accepts, fault=at_first("save", "order:", "late"))
