"""Reading stored JSON exactly."""

import json
import re
from typing import Any

import orjson

#: orjson turns integers beyond 64 bits into floats; a run of this many digits may be one.
_LONG_NUMBER = re.compile(rb"\d{19}")


def decode(body: bytes) -> Any:
    """The value of JSON bytes that were checked when they were accepted; integers keep all their digits."""
    if _LONG_NUMBER.search(body):
        return json.loads(body)
    return orjson.loads(body)
