"""SQL is written for a schema called `headrace`; an installation may call it otherwise."""

import re
from functools import lru_cache
from typing import LiteralString

#: The schema that SQL texts name, and the default of the setting.
WRITTEN_SCHEMA = "headrace"

_QUALIFIER = re.compile(r"\bheadrace\.")


@lru_cache(maxsize=512)
def qualify(statement: LiteralString, schema: str) -> LiteralString:
    """The statement with every `headrace.` replaced by the installation's schema (a valid identifier)."""
    if schema == WRITTEN_SCHEMA:
        return statement
    return _QUALIFIER.sub(f"{schema}.", statement)
