"""The same stories with the documents in Valkey and in PostgreSQL: one per way an order can end.

`make e2e STORE=postgres` tells all stories there; these few are told on every run.
"""

from collections.abc import Awaitable, Callable

import pytest

from tests.e2e import test_compensation as endings
from tests.e2e.books import closed
from tests.e2e.cafe import Cafe
from tests.e2e.test_orders import (
    test_twenty_posts_at_once_with_one_key_are_one_order_and_one_charge as twenty_posts_at_once,
)
from tests.waiting import wait_until
from tools.components import STORES
from tools.stack import Stack

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.parametrize("other_stack", STORES[1:], indirect=True, scope="module"),
]
STORIES = [
    endings.test_c1_a_declined_card_cancels_the_order_and_moves_no_money,
    endings.test_c3_a_charge_that_succeeds_after_the_cancellation_is_given_back,
    endings.test_c4_a_paid_order_is_cancelled_and_refunded_until_it_is_made,
    endings.test_c5_a_cancellation_that_loses_against_the_barista_is_refused_and_the_order_goes_on,
    endings.test_c6_an_order_the_barista_rejects_is_refunded,
    endings.test_c7_an_order_nobody_accepts_in_time_is_cancelled_and_refunded,
    twenty_posts_at_once,
]


@pytest.fixture
def stack(other_stack: Stack) -> Stack:
    """Deadlines of seconds, and another store."""
    return other_stack


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_the_store_makes_no_difference_to(
    story: Callable[[Cafe], Awaitable[None]], cafe: Cafe
) -> None:
    await story(cafe)


async def test_an_order_and_its_money_survive_a_store_that_is_killed(
    cafe: Cafe, stack: Stack
) -> None:
    ana, ben = cafe.customer(), cafe.barista()
    order_id = await ana.ordered()

    stack.kill(stack.topology.store)
    stack.start(stack.topology.store)

    await ana.page_once(order_id, "Paid", last_event="OrderQueued")
    # A connection of before may still break, and the answer says: send it again.
    await wait_until(
        lambda: ben.get("cafe-svc", f"/cafe-orders/{order_id}"),
        lambda answer: answer.is_success,
        what="cafe-svc reads its store",
    )
    await ben.serve(order_id, "accept", "start", "finish", "hand-over")
    assert await closed(ana, order_id, "COMPLETED", "PAID") == [endings.CHARGE]
