"""People at their browsers: what they press and what they see."""

import re
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Locator, Page, Request, ViewportSize, expect

from tests.browser.watch import Watch

PATIENCE_MS: Final = 20_000
PHONE: Final = ViewportSize(width=375, height=760)
"""CSS pixels of a small phone."""

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Visitor:
    """One person with a browser of their own; `door` is the gateway's URL."""

    page: Page
    watch: Watch
    door: str

    async def open(self, view: str = "") -> None:
        """Come to a view by its address, e.g. "cafes/gangnam", with a fresh document."""
        await self.page.goto("about:blank")
        await self.page.goto(f"{self.door}/#/{view}")
        await self.settled()

    async def go(self, view: str) -> None:
        """Change to a view within the document, and wait until it is there."""
        await self.turn_to(view)
        await self.settled()

    async def turn_to(self, view: str) -> None:
        """Change to a view within the document."""
        await self.page.evaluate("view => { location.hash = `#/${view}` }", view)

    async def settled(self) -> None:
        """Wait until the view is there and nothing in it is loading."""
        await expect(self.page.locator("h1")).to_be_visible()
        await expect(self.page.locator(".loading")).to_have_count(0)

    async def sign_in(self, sub: str, role: str = "customer", cafe: str = "") -> None:
        """Sign in through the form of the identity provider's page, from wherever they are."""
        if not self.page.url.startswith(self.door):
            await self.open()
        await self.press("Sign in", exact=False)
        await self.page.get_by_label("Name").fill(sub)
        await self.page.get_by_label("Role").select_option(role)
        await self.page.get_by_label("Cafe, of a barista").fill(cafe)
        await self.press("Continue")
        await self.is_in(sub)

    async def pick(self, persona: str) -> None:
        """Sign in as one of the people on the provider's page, e.g. "rio, rider"."""
        await self.open()
        await self.press("Sign in")
        await self.press(persona)
        await self.is_in(persona.partition(",")[0])

    async def is_in(self, sub: str) -> None:
        """See the own name in the header."""
        await expect(self.page.locator("header .who")).to_have_text(sub)
        await self.settled()

    async def press(self, name: str, *, exact: bool = True) -> None:
        """Press the first button of this name."""
        await self.button(name, exact=exact).first.click()

    def button(self, name: str, *, exact: bool = True) -> Locator:
        """Return the buttons of this name."""
        return self.page.get_by_role("button", name=name, exact=exact)

    async def fill_basket(self, drink: str = "Americano", cafe: str = "Cafe Gangnam") -> None:
        """Choose a drink as a person does, from the list of cafes to the basket."""
        await self.page.get_by_role("link", name="Cafes").click()
        await self.page.get_by_role("link", name=cafe).click()
        await self.press(f"More {drink}")
        await self.page.get_by_role("link", name="To the basket").click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text("Basket")
        await self.settled()

    async def order(self, *, address: str = "") -> str:
        """Order an americano at gangnam, to be brought where an address is given; return its id."""
        await self.fill_basket()
        if address:
            await self.page.get_by_label("Delivery").check()
            await self.page.get_by_label("Address").fill(address)
        await self.press("Order now")
        return await self.following()

    async def following(self) -> str:
        """Wait for the page of one's order and return its id."""
        await self.page.wait_for_url(re.compile(r"#/orders/.+"))
        return self.page.url.rpartition("/")[2]

    async def sees(self, status: str) -> None:
        """Read this on the page of the order."""
        await expect(self.page.get_by_test_id("order-status")).to_have_text(status)

    async def cancel(self) -> None:
        """Cancel the order that is shown, and mean it."""
        await self.press("Cancel the order")
        await self.press("Yes, cancel it")

    def card(self, order_id: str) -> Locator:
        """Return an order on a board, among the deliveries or in the operator's table."""
        return self.page.locator(f'[data-order="{order_id}"]')

    async def do(self, order_id: str, step: str) -> None:
        """Press the button of an order."""
        await self.card(order_id).get_by_role("button", name=step, exact=True).click()

    async def remember_document(self) -> None:
        """Mark the document; see `same_document`."""
        await self.page.evaluate("window.remembered = true")

    async def same_document(self) -> bool:
        """Whether nothing has reloaded since."""
        return await self.page.evaluate("window.remembered === true")

    def requests(self, method: str, path: str) -> list[Request]:
        """Return a list that grows by each request of exactly this path from now on."""
        seen: list[Request] = []

        def note(request: Request) -> None:
            if request.method == method and request.url == f"{self.door}{path}":
                seen.append(request)

        self.page.on("request", note)
        return seen
