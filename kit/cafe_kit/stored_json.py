"""What Dapr's stores do to JSON: numbers pass through a double, object keys lose their sequence."""

import json
import random
from typing import Any, cast


def take(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Read a value as daprd does on its way into the store."""
    return json.loads(text, parse_int=_as_double)


def give(value: Any, dice: random.Random) -> bytes:  # noqa: ANN401
    """Write a value with the keys of every object in a random sequence."""
    return json.dumps(_shuffled(value, dice)).encode()


def _as_double(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _shuffled(value: Any, dice: random.Random) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        items = list(cast("dict[str, Any]", value).items())
        dice.shuffle(items)
        return {name: _shuffled(item, dice) for name, item in items}
    if isinstance(value, list):
        return [_shuffled(item, dice) for item in cast("list[Any]", value)]
    return value
