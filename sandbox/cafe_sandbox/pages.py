"""The pages people see when they sign in: plain HTML, no script, everything escaped."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from fastapi.responses import HTMLResponse

from cafe_sandbox.people import OFFERED, ROLES, Person

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c1b1a; --paper: #fbfaf8; --line: #76706a;
  --accent: #7a3b12; --on-accent: #fff; --warn: #fff0c2; --on-warn: #3d2c00; }
@media (prefers-color-scheme: dark) { :root { --ink: #f2efea; --paper: #191817; --line: #96908a;
  --accent: #f0b48c; --on-accent: #231004; --warn: #4a3600; --on-warn: #ffe9ad; } }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
main { max-width: 30rem; margin: 0 auto; padding: 1rem; }
.warning { padding: .75rem 1rem; border-radius: .5rem; background: var(--warn);
  color: var(--on-warn); }
form { display: grid; gap: .75rem; margin: 1rem 0; }
label { display: grid; gap: .25rem; }
button, input, select { min-height: 2.75rem; padding: .5rem .75rem; font: inherit;
  border: 1px solid var(--line); border-radius: .5rem; }
input, select { color: inherit; background: transparent; }
option { color: var(--ink); background: var(--paper); }
button { color: var(--on-accent); background: var(--accent); border-color: var(--accent);
  cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_WARNING: Final = (
    "<strong>Sandbox.</strong> This page asks for no password and checks nobody: whoever opens it "
    "can be anyone. It is for development and must never be where real people sign in."
)


def picker(
    fields: Iterable[tuple[str, str]], form_token: str, back_to: Sequence[str], error: str = ""
) -> HTMLResponse:
    """Give the page that asks who to be; `fields` are what the client asked for, sent along.

    `error` says what was wrong with the choice before. `back_to` are the origins that the answer
    to the form may lead to: Chromium applies form-action to redirects too.
    """
    sent = {**dict(fields), "form_token": form_token}
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in sent.items()
    )
    body = (
        f"{_alert(error)}<h2>Somebody you know</h2>"
        f'<form method="post" action="/authorize">{hidden}{"".join(map(_button, OFFERED))}</form>'
        "<h2>Somebody else</h2>"
        f'<form method="post" action="/authorize">{hidden}{_somebody_else()}</form>'
    )
    return _page("Who are you?", body, 400 if error else 200, back_to)


def message(title: str, text: str, status: int) -> HTMLResponse:
    """Give a page that says one thing."""
    return _page(title, f"<p>{escape(text)}</p>", status, ())


def _alert(error: str) -> str:
    return f'<p role="alert">{escape(error)}</p>' if error else ""


def _button(person: Person) -> str:
    cafe = f" of {person.cafe_id}" if person.cafe_id else ""
    shown = escape(f"{person.sub}, {person.roles[0]}{cafe}")
    return f'<button name="persona" value="{escape(person.sub)}">{shown}</button>'


def _somebody_else() -> str:
    options = "".join(f"<option>{role}</option>" for role in ROLES)
    name = '<input name="sub" required maxlength="128" autocomplete="off" spellcheck="false">'
    cafe = '<input name="cafe_id" maxlength="128" autocomplete="off" spellcheck="false">'
    return (
        f"<label>Name {name}</label>"
        f'<label>Role <select name="role">{options}</select></label>'
        f"<label>Cafe, of a barista {cafe}</label>"
        "<button>Continue</button>"
    )


def _page(title: str, body: str, status: int, back_to: Sequence[str]) -> HTMLResponse:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - sandbox sign-in</title><style>{_STYLE}</style></head><body>"
        f'<main><h1>{escape(title)}</h1><p class="warning">{_WARNING}</p>{body}</main>'
        "</body></html>"
    )
    return HTMLResponse(html, status, _headers(back_to))


def _headers(back_to: Sequence[str]) -> Mapping[str, str]:
    targets = " ".join(("'self'", *back_to))
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {targets}"
    )
    return {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
