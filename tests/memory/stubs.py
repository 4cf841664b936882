"""Stand-ins for what a real part cannot be made to say."""

import json
from collections.abc import Mapping

from cafe_kit.memory_sidecar import Call
from cafe_kit.sidecar import Reply


def answering(status: int, body: bytes) -> Call:
    """Return an app that gives every request the same answer."""

    async def answer(_: str, __: str, ___: bytes, ____: Mapping[str, str]) -> Reply:
        return Reply(status, body)

    return answer


def menu(*items: Mapping[str, object], open_: bool = True) -> bytes:
    """Return the body of `GET /menus?cafe_id=gangnam`."""
    return json.dumps({"cafe_id": "gangnam", "open": open_, "items": items}).encode()
