"""Every page there is, by who sees it: the accessibility tests and the screenshots go through."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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


VIEWS: Final[Mapping[str, Sequence[View]]] = {
    "visitor": (
        View("cafes", ""),
        View("menu", "cafes/gangnam"),
        View("sign-in-first", "orders"),
        View("no-such-page", "nowhere"),
    ),
    "customer": (
        View("basket", "basket"),
        View("orders", "orders"),
        View("order", "orders/{making}"),
        View("refund", "orders/{refunding}"),
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
        View("operator-order", "ops/orders/{making}"),
        View("operator-refunds", "ops/refunds"),
        View("operator-dead-letters", "ops/letters"),
        View("operator-dead-letter", "ops/letters/order-svc/{letter}"),
        View("operator-sidecars", "ops/sidecars"),
    ),
}


def views_of(person: str, scene: Scene) -> list[View]:
    """Return the pages of a person in the order in which they meet them."""
    return [replace(view, path=view.path.format(**asdict(scene))) for view in VIEWS[person]]


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
