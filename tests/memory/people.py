"""Everybody who may call a public route, and what the table of routes promises each of them."""

from dataclasses import dataclass
from typing import Final

from tests.memory.cafe import START, token
from tools.edge_table import Route, read_routes

ALLOWED: Final = 200
"""Stands for every answer of somebody who may: done, or refused because of a state (409)."""

STREAM_S: Final = 0.1
"""A stream ends with its token: this long after it began, as the clock stands still."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a role, or nobody; `foreign`: what they ask for is another's."""

    name: str
    role: str = ""
    cafe_id: str | None = None
    foreign: bool = False

    @property
    def bearer(self) -> str:
        """Their token; it outlives a test only while the clock stands still."""
        if not self.role:
            return ""
        expires = START.timestamp() + STREAM_S
        return token(self.name, self.role, cafe_id=self.cafe_id, exp=expires)


OWNER: Final = Person("ana", "customer")
PEOPLE: Final = {
    "nobody": Person("nobody"),
    "the customer": OWNER,
    "another customer": Person("eve", "customer", foreign=True),
    "a barista of the cafe": Person("ben", "barista", "gangnam"),
    "a barista of another cafe": Person("hana", "barista", "hongdae", foreign=True),
    "a barista of no cafe": Person("lea", "barista", foreign=True),
    "a rider": Person("rio", "rider"),
    "an operator": Person("olga", "operator"),
    "somebody without any role we know": Person("max", "gardener"),
}
TABLE: Final = {
    (route.service, f"{route.method} {route.inner}"): route
    for route in read_routes()
    if route.service != "gateway"
}


def promised(route: Route, person: Person) -> int:
    """Return the status that `edge/routes.toml` promises.

    An order that is another's does not exist (404); who knows that it does, or that the cafe does,
    is told that it is not theirs (403).
    """
    if "public" in route.roles:
        return ALLOWED
    if not person.role:
        return 401
    limits = {role.partition(":")[0]: role.partition(":")[2] for role in route.roles}
    if person.role not in limits:
        return 403
    if not (person.foreign and limits[person.role]):
        return ALLOWED
    reads_an_order = route.method == "GET" and "{order_id}" in route.inner
    return 404 if limits[person.role] == "own" or reads_an_order else 403
