"""What a browser does behind the page: errors, failed requests, and what it keeps."""

import asyncio
import re
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Error, Request, Response

KEPT: Final = "kept in storage:"
TELL_WHAT_IS_KEPT: Final = f"""
const setItem = Storage.prototype.setItem;
Storage.prototype.setItem = function (key, value) {{
  console.debug({KEPT!r}, key, value);
  return setItem.call(this, key, value);
}};
"""
JWT: Final = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+")
# An order's page is made of its events: right after ordering there is none, and the app asks for
# the order itself.
USUAL: Final = ("404 GET /my-pages/*",)


class Watch:
    """Looks at one browser context from its beginning.

    `complaints`: one line each, "409 POST /orders/7/cancel", "net::ERR_FAILED GET /orders" or what
    the console said. `kept`: every value that was ever put into a storage.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.kept: list[str] = []
        self._context = context
        self._expected: list[str] = list(USUAL)
        self._tokens: set[str] = set()
        self._reading: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Watch all pages that the context will have."""
        await self._context.add_init_script(TELL_WHAT_IS_KEPT)
        self._context.on("console", self._heard)
        self._context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self._context.on("requestfailed", self._failed)
        self._context.on("response", self._answered)

    def expect(self, *patterns: str) -> None:
        """Let these complaints pass: "409 POST /cafe-orders/*/start"."""
        self._expected += patterns

    async def faults(self) -> list[str]:
        """Return what went wrong so far: complaints that nobody expected, tokens left about."""
        return self._unexpected() + await self._leaks()

    def _unexpected(self) -> list[str]:
        expected = self._expected
        return [c for c in self.complaints if not any(fnmatchcase(c, each) for each in expected)]

    async def _leaks(self) -> list[str]:
        await asyncio.gather(*self._reading)
        places = {"a storage": self.kept, "what is left": await self._left()}
        return [
            f"a token in {place}: {text[:80]}"
            for place, texts in places.items()
            for text in texts
            if JWT.search(text) or any(token in text for token in self._tokens)
        ]

    async def _left(self) -> list[str]:
        left = [str(await self._context.storage_state(indexed_db=True))]
        for page in self._context.pages:
            left.append(await page.evaluate("JSON.stringify([sessionStorage, localStorage])"))
            left.append(await page.evaluate("document.cookie"))
        return left

    def _heard(self, message: ConsoleMessage) -> None:
        if message.text.startswith(KEPT):
            self.kept.append(message.text)
        # Chromium writes a line for each refusal; `_answered` tells more of it.
        elif message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def _failed(self, request: Request) -> None:
        # Aborted: the app or the person went elsewhere.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.failure} {_told(request)}")

    def _answered(self, response: Response) -> None:
        if response.status >= HTTPStatus.BAD_REQUEST:
            self.complaints.append(f"{response.status} {_told(response.request)}")
        elif urlsplit(response.url).path == "/token":
            self._reading.append(asyncio.create_task(self._read_tokens(response)))

    async def _read_tokens(self, response: Response) -> None:
        try:
            answer: dict[str, Any] = await response.json()
        except Error:
            # Gone with its page; the pattern of a JWT is looked for all the same.
            return
        self._tokens |= {value for key, value in answer.items() if key.endswith("_token")}


def _told(request: Request) -> str:
    return f"{request.method} {urlsplit(request.url).path}"
