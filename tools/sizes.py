"""How much there is to read: lines of Python per package, tests left out."""

from pathlib import Path
from typing import Final

from tools.launch import ROOT

PACKAGES: Final = (
    "kit/cafe_kit",
    "order-svc/order_svc",
    "payment-svc/payment_svc",
    "cafe-svc/cafe_svc",
    "mypage-svc/mypage_svc",
    "sandbox/cafe_sandbox",
    "tools",
)
LIMIT: Final = 250


def table() -> str:
    """Return a Markdown table: package, lines, longest file; and how many files are too long."""
    rows: list[str] = []
    too_long = 0
    for package in PACKAGES:
        sizes = {path: _lines(path) for path in (ROOT / package).rglob("*.py")}
        longest = max(sizes, key=lambda path: sizes[path])
        too_long += sum(size > LIMIT for size in sizes.values())
        rows.append(
            f"| {package} | {sum(sizes.values()):,} | {longest.name}, {sizes[longest]} lines |"
        )
    head = "| package | lines | longest file |\n|---|---|---|\n"
    return head + "\n".join(rows) + f"\n\nFiles over {LIMIT} lines: {too_long or 'none'}.\n"


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
