"""Every page there is, by who sees it: the accessibility tests and the screenshots go through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.browser.people import Visitor
from tests.browser.scene import Scene

PEOPLE: Final[Mapping[str, tuple[str, str, str]]] = {
    "customer": ("ana", "customer", ""),
    "barista": ("ben", "barista", "gangnam"),
    "rider": ("rio", "rider", ""),
    "operator": ("olga", "operator", ""),
}
"""Name, role and cafe of each; the visitor has none."""
EVERYBODY: Final = ("visitor", *PEOPLE)


@dataclass(frozen=True)
class View:
    """A page: the name of its picture, its address, and the button that unfolds more of it."""

    name: str
    path: str
    press: str = ""


def views_of(person: str, scene: Scene) -> Sequence[View]:
    """Return the pages of a person in the order in which they meet them."""
    views = {
        "visitor": (
            View("cafes", ""),
            View("menu", "cafes/gangnam"),
            View("sign-in-first", "orders"),
            View("no-such-page", "nowhere"),
        ),
        "customer": (
            View("basket", "basket"),
            View("orders", "orders"),
            View("order", f"orders/{scene.making}"),
            View("refund", f"orders/{scene.refunding}"),
            View("not-for-you", "ops"),
        ),
        "barista": (
            View("board", "board"),
            View("reject", "board", press="Reject"),
            View("counter", "counter"),
        ),
        "rider": (View("deliveries", "deliveries"),),
        "operator": (
            View("operator-orders", "ops"),
            View("operator-order", f"ops/orders/{scene.making}"),
            View("operator-refunds", "ops/refunds"),
            View("operator-dead-letters", "ops/letters"),
            View("operator-dead-letter", f"ops/letters/order-svc/{scene.letter}"),
            View("operator-sidecars", "ops/sidecars"),
        ),
    }
    return views[person]


async def arrive(visitor: Visitor, person: str) -> None:
    """Be that person, with something in the basket where they can order."""
    await visitor.open()
    if person in PEOPLE:
        await visitor.sign_in(*PEOPLE[person])
    if person == "customer":
        await visitor.fill_basket("Vanilla Latte")


async def show(visitor: Visitor, view: View) -> None:
    """Come to a page and unfold what it has."""
    await visitor.go(view.path)
    if view.press:
        await visitor.press(view.press)
    for fold in await visitor.page.locator("summary").all():
        await fold.click()
