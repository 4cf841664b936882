"""What customers and baristas see, at every step of an order."""

import base64

import pytest

from tests.memory.cafe import MemoryCafe
from tests.memory.checks import listed
from tests.memory.journeys import DECLINED, DELIVERY, PAID, PICKUP, Journey, command, play

Seen = tuple[str, str, int | None, list[str]]


async def seen(cafe: MemoryCafe, cafe_id: str, order_id: str) -> Seen:
    """Return the page's statuses and queue position, and the statuses on the cafe's board."""
    page = (await cafe.customer("ana").get(f"/my-pages/{order_id}")).body
    board = (await cafe.barista(cafe_id).get(f"/boards/{cafe_id}")).body
    statuses = [item["order_status"] for item in board["items"]]
    return page["order_status"], page["delivery_status"], page["queue_position"], statuses


STEPS: list[tuple[Journey, list[tuple[str, Seen]]]] = [
    (
        PICKUP,
        [
            ("accept", ("Accepted", "Before delivery", 1, ["Accepted"])),
            ("start", ("Making", "Before delivery", 1, ["Making"])),
            ("finish", ("Ready", "Before delivery", None, ["Ready"])),
            ("hand-over", ("Completed", "Picked up", None, [])),
        ],
    ),
    (
        DELIVERY,
        [
            ("start", ("Making", "Before delivery", 1, ["Making"])),
            ("finish", ("Ready", "Before delivery", None, ["Ready"])),
            ("start-delivery", ("Ready", "Delivering", None, ["Ready"])),
            ("confirm-delivery", ("Completed", "Delivered", None, [])),
        ],
    ),
]


@pytest.mark.parametrize(("journey", "steps"), STEPS, ids=["pickup", "delivery"])
async def test_page_and_board_follow_every_step(
    cafe: MemoryCafe, journey: Journey, steps: list[tuple[str, Seen]]
) -> None:
    before = await cafe.customer("ana").post("/orders", journey.body, idempotency_key="1")
    order_id = before.body["order_id"]
    await cafe.deliver("mypage-svc")
    ordered = await seen(cafe, journey.cafe_id, order_id)
    await cafe.settle()
    waiting = await seen(cafe, journey.cafe_id, order_id)

    first = "Accepted" if journey is DELIVERY else "Paid"
    assert ordered == ("Ordered", "Before delivery", None, [])
    assert waiting == (first, "Before delivery", 1, [first])
    for name, expected in steps:
        await command(cafe, journey, order_id, name)
        await cafe.settle()
        assert await seen(cafe, journey.cafe_id, order_id) == expected


async def test_a_declined_order_is_cancelled_and_on_no_board(cafe: MemoryCafe) -> None:
    order_id = await play(cafe, DECLINED)

    assert await seen(cafe, "gangnam", order_id) == ("Cancelled", "None", None, [])


async def test_a_page_reads_back_whole(cafe: MemoryCafe) -> None:
    await cafe.customer("ana").post("/orders", PICKUP.body, idempotency_key="1")
    cafe.clock.advance(3)
    await cafe.settle()

    (page,) = (await cafe.customer("ana").get("/my-pages")).body["items"]

    assert page == {
        "order_id": page["order_id"],
        "cafe_id": "gangnam",
        "order_status": "Paid",
        "delivery_status": "Before delivery",
        "refund_status": "None",
        "cafe_status": "QUEUED",
        "queue_position": 1,
        "ready_at": None,
        "items": [
            {
                "menu_id": "latte",
                "name": "Latte",
                "quantity": 2,
                "unit_price": {"amount": 5000, "currency": "KRW"},
            }
        ],
        "total": {"amount": 10_000, "currency": "KRW"},
        "fulfilment": {"method": "pickup", "address": None},
        "note": None,
        "reason": None,
        "detail": None,
        "placed_at": "2026-03-02T09:00:00Z",
        "timeline": [
            {"event": "OrderPlaced", "at": "2026-03-02T09:00:00Z"},
            {"event": "OrderQueued", "at": "2026-03-02T09:00:03Z"},
            {"event": "Paid", "at": "2026-03-02T09:00:03Z"},
        ],
    }
    assert (await cafe.customer("ana").get(f"/my-pages/{page['order_id']}")).body == page


async def test_pages_come_newest_first_cursor_by_cursor(cafe: MemoryCafe) -> None:
    newest: list[str] = []
    for number in range(7):
        # Two orders in the same moment, to see that none is shown twice or left out.
        cafe.clock.advance(number % 2)
        newest.insert(0, await play(cafe, PAID, str(number)))
    ana, cursor, shown, sizes = cafe.customer("ana"), "", list[str](), list[int]()

    for _ in newest:
        answer = await ana.get(f"/my-pages?limit=3{cursor}")
        shown += [item["order_id"] for item in answer.body["items"]]
        sizes.append(len(answer.body["items"]))
        if answer.body["next"] is None:
            break
        cursor = f"&cursor={answer.body['next']}"

    assert sizes == [3, 3, 1]
    assert sorted(shown) == sorted(newest)
    assert shown == listed(cafe, "customer:ana")
    assert (await cafe.customer("bob").get("/my-pages")).body == {"items": [], "next": None}


async def test_new_orders_do_not_disturb_a_cursor(cafe: MemoryCafe) -> None:
    first = await play(cafe, PAID, "1")
    cafe.clock.advance(1)
    await play(cafe, PAID, "2")
    cursor = (await cafe.customer("ana").get("/my-pages?limit=1")).body["next"]
    cafe.clock.advance(1)
    await play(cafe, PAID, "3")

    after = (await cafe.customer("ana").get(f"/my-pages?limit=1&cursor={cursor}")).body

    assert [item["order_id"] for item in after["items"]] == [first]
    assert after["next"] is None


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


STATUS_OF_QUERY = {
    "limit=0": 422,
    "limit=51": 422,
    "limit=50": 200,
    "cursor=x": 400,
    f"cursor={encoded('no time')}": 400,
    f"cursor={encoded('2026-03-02T09:00:00 o-1')}": 400,
    f"cursor={encoded('2026-03-02T09:00:00+00:00 o-1')}": 400,
    f"cursor={encoded('2026-03-02T09:00:00+00:00 -1 o-1')}": 400,
    f"cursor={encoded('2026-03-02T09:00:00+00:00 0 o-1')}": 200,
    f"cursor={encoded('2026-03-02T09:00:00+00:00 7 o-1')}": 200,
    "cursor=_w==": 400,
    f"cursor={'x' * 201}": 422,
}


async def test_a_list_has_limits_and_takes_only_its_own_cursors(cafe: MemoryCafe) -> None:
    ana = cafe.customer()

    found = {query: (await ana.get(f"/my-pages?{query}")).status for query in STATUS_OF_QUERY}

    assert found == STATUS_OF_QUERY


async def test_another_customers_page_is_404(cafe: MemoryCafe) -> None:
    order_id = await play(cafe, PAID)

    assert (await cafe.customer("ana").get(f"/my-pages/{order_id}")).status == 200
    assert (await cafe.customer("bob").get(f"/my-pages/{order_id}")).status == 404
    assert (await cafe.customer("ana").get("/my-pages/unknown")).status == 404
    assert (await cafe.customer("ana").get("/my-pages/a||b")).status == 404


async def test_a_page_is_shown_once_it_is_known_what_was_ordered(cafe: MemoryCafe) -> None:
    cafe.tell("OrderQueued", "o-1")
    cafe.tell("MakeStarted", "o-1", version=3, status="MAKING")
    await cafe.deliver("mypage-svc")

    assert (await cafe.customer("ana").get("/my-pages/o-1")).status == 404
    assert (await cafe.barista().get("/boards/gangnam")).body["items"] == []


async def test_a_board_counts_positions_and_waiting_time(cafe: MemoryCafe) -> None:
    orders: list[str] = []
    for number in range(3):
        orders.append(await play(cafe, PAID, str(number)))
        cafe.clock.advance(30)
    for name in ("accept", "start", "finish"):
        await command(cafe, PICKUP, orders[1], name)
    await cafe.settle()

    board = (await cafe.barista().get("/boards/gangnam")).body

    assert board["next"] is None
    assert [(i["order_id"], i["queue_position"], i["waiting_s"]) for i in board["items"]] == [
        (orders[0], 1, 90),
        (orders[1], None, 60),
        (orders[2], 2, 30),
    ]


async def test_a_board_is_for_the_cafes_own_baristas_and_operators(cafe: MemoryCafe) -> None:
    await play(cafe, PAID)

    own = await cafe.barista("gangnam").get("/boards/gangnam")
    others = await cafe.barista("jamsil").get("/boards/gangnam")
    operators = await cafe.operator().get("/boards/gangnam")

    assert (own.status, others.status, operators.status) == (200, 403, 200)
    assert operators.body == own.body
    assert (await cafe.operator().get("/boards/atlantis")).body == {"items": [], "next": None}


async def test_a_customer_with_a_strange_name_has_pages_of_their_own(cafe: MemoryCafe) -> None:
    strange = cafe.customer("a||b/ü")
    await strange.post("/orders", PICKUP.body, idempotency_key="1")
    await cafe.settle()

    assert len((await strange.get("/my-pages")).body["items"]) == 1
