"""Both languages say the same things, and everything the app can say has words."""

import itertools
import re
from collections.abc import Iterator

import pytest

import cafe_kit.letters
import cafe_svc.model
import mypage_svc.model
import order_svc.model
import payment_svc.model
from tests.browser.texts import JS, KEY, keys_of

LANGUAGES = ("en", "ko")
SAID = re.compile(r'\bt\("([^"]+)"')
BUILT = re.compile(r'\bt\(`([^`$]+)\.\$\{|\bof\("([^"]+)"|\bkind="([^"]+)"')
CHOSEN = re.compile(r"""\bt\([^()"'`]*\?\s*"([^"]+)"\s*:\s*"([^"]+)"\)""")
VALUES = {
    "status": mypage_svc.model.OrderStatus,
    "delivery": mypage_svc.model.DeliveryStatus,
    "refund": mypage_svc.model.RefundStatus,
    "event": (*order_svc.model.Says, *payment_svc.model.Says, *cafe_svc.model.Says),
    "state": (
        *order_svc.model.Status,
        *payment_svc.model.Status,
        *cafe_svc.model.Status,
        *cafe_kit.letters.Status,
    ),
    "reason": (*order_svc.model.CancelReason, *cafe_svc.model.RejectReason),
    "reject": cafe_svc.model.RejectReason,
    "method": cafe_svc.model.Method,
    "breaker": ("closed", "half-open", "open"),
}
"""What services say, by the family of texts it is told with."""


def sources() -> Iterator[str]:
    """Yield each module of the app that is not a text."""
    for path in JS.rglob("*.js"):
        if path.parent.name != "text":
            yield path.read_text("utf-8")


def families_in(code: str) -> set[str]:
    """Return the first parts of keys that are put together: "status" of t(`status.${value}`)."""
    return {family for found in BUILT.findall(code) for family in found if family}


def test_both_languages_have_the_same_keys_each_once() -> None:
    english, korean = map(keys_of, LANGUAGES)

    assert english == korean
    assert len(english) == len(set(english)) > 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_a_text_file_was_read(language: str) -> None:
    lines = [
        line
        for path in (JS / "text").glob(f"{language}*.js")
        for line in path.read_text("utf-8").splitlines()
        if re.match("  [^ ]", line)
    ]

    assert [line for line in lines if not KEY.match(line)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_in_the_code_has_a_text(language: str) -> None:
    known, families = set(keys_of(language)), {key.rpartition(".")[0] for key in keys_of(language)}
    code = "\n".join(sources())

    said = {*SAID.findall(code), *itertools.chain(*CHOSEN.findall(code))}

    assert len(said) > 100
    assert said - known == set()
    assert families_in(code) - families == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("family", VALUES)
def test_everything_a_service_may_say_has_words(language: str, family: str) -> None:
    wanted = {f"{family}.{value}" for value in VALUES[family]}

    assert wanted - set(keys_of(language)) == set()


def test_every_text_is_used_somewhere() -> None:
    code = "\n".join(sources())
    families = families_in(code)

    unused = [
        key
        for key in keys_of("en")
        if f'"{key}"' not in code and key.rpartition(".")[0] not in families
    ]

    assert unused == []
