"""edge/routes.toml -> docs/access.md: who may call what.

python -m tools.access
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tools.edge_table import Route, read_routes
from tools.gateway import EDGE

PAGE: Final = EDGE.parent / "docs" / "access.md"
ROLES: Final = ("customer", "barista", "rider", "operator")
_MARKS: Final = {"": "yes", "own": "own", "cafe": "own cafe"}
_HEAD: Final = """# Who may call what

Written by `python -m tools.access` from [edge/routes.toml](../edge/routes.toml), the one table of
what can be reached from outside; what is not in it is 404 at the gateway. The services decide by
themselves and are held to it: [tests/memory/test_access.py](../tests/memory/test_access.py) lets
nobody, each role, owners and others call every route of every service.

| Mark | Means |
|---|---|
| public | no token is needed |
| yes | the role is enough |
| own | what is the caller's; another's is 404, as if there were none |
| own cafe | the cafe that the token names; another's is 403, an order read there 404 |
| - | 403 |

Without a token, or with one that is expired, of another issuer, for another audience or signed by
an unknown key: 401. As long as the identity provider's keys were never read: 503, `Retry-After`.
"""


def render(routes: Iterable[Route]) -> str:
    """Return the page: a table per service, and one of what every service has."""
    listed = [route for route in routes if route.service != "gateway"]
    services = list(dict.fromkeys(route.service for route in listed))
    everywhere = {
        (route.method, route.inner)
        for route in listed
        if all(_has(listed, service, route) for service in services)
    }
    parts = [_HEAD]
    for service in services:
        own = [
            route
            for route in listed
            if route.service == service and (route.method, route.inner) not in everywhere
        ]
        parts.append(_section(service, [(route.path, route) for route in own]))
    shared = [r for r in listed if r.service == services[0] and (r.method, r.inner) in everywhere]
    title = f"Every service, {{service}} being one of {', '.join(services)}"
    rows = [(route.path.replace(services[0], "{service}"), route) for route in shared]
    return "\n".join([*parts, _section(title, rows)])


def _has(routes: Sequence[Route], service: str, route: Route) -> bool:
    wanted = (service, route.method, route.inner)
    return any((each.service, each.method, each.inner) == wanted for each in routes)


def _section(title: str, rows: Sequence[tuple[str, Route]]) -> str:
    head = f"| Route | {' | '.join(ROLES)} |\n|---|{'---|' * len(ROLES)}"
    lines = [f"| `{route.method} {path}` | {' | '.join(_marks(route))} |" for path, route in rows]
    return "\n".join([f"## {title}", "", head, *lines, ""])


def _marks(route: Route) -> list[str]:
    if "public" in route.roles:
        return ["public"] * len(ROLES)
    limits = {role.partition(":")[0]: role.partition(":")[2] for role in route.roles}
    return [_MARKS[limits[role]] if role in limits else "-" for role in ROLES]


def main(page: Path = PAGE) -> int:
    """Write the page."""
    page.write_text(render(read_routes()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
