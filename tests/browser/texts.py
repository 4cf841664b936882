"""The texts of the web app as its files have them."""

import re
from typing import Final

from tools.gateway import EDGE

JS: Final = EDGE / "web" / "js"
FILES: Final = ("{}.js", "{}-ops.js")
KEY: Final = re.compile(r'^  (?:"([^"]+)"|([\w-]+)):', re.MULTILINE)


def keys_of(language: str) -> list[str]:
    """Return every key of a language, in the order of its files."""
    texts = [(JS / "text" / name.format(language)).read_text("utf-8") for name in FILES]
    return [quoted or bare for text in texts for quoted, bare in KEY.findall(text)]
