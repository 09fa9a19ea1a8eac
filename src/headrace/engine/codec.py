"""From a node's output to JSON and back, and whether an output that was kept is still of the node's type."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

from headrace.domain.payload import decode

_PYDANTIC_REFUSES = (PydanticSchemaGenerationError, PydanticUserError, TypeError, NameError, ValueError)


@dataclass(frozen=True, slots=True)
class Codec:
    """Reads the outputs of one type. `fingerprint` changes with the type's JSON schema."""

    fingerprint: str
    adapter: TypeAdapter[Any] | None = None
    is_readable: bool = True

    def read(self, encoded: bytes) -> Any:
        """The value that the JSON spells. Raises ValueError where it is none of this type, or cannot be rebuilt."""
        if not self.is_readable:
            raise ValueError("a value of this type cannot be rebuilt from JSON")
        if self.adapter is None:
            return decode(encoded)
        try:
            return self.adapter.validate_json(encoded)
        except Exception as error:  # a user's validators run here
            raise ValueError("no value of this type") from error


def codec_of(kind: Any) -> Codec:
    """The codec of an annotation. What says nothing (`Any`, no annotation) comes back as plain JSON."""
    if kind is Any or kind is object:
        return Codec("any")
    try:
        adapter = TypeAdapter[Any](kind)
        schema = adapter.json_schema(mode="serialization")
    except _PYDANTIC_REFUSES:
        return Codec(f"{getattr(kind, '__module__', '')}.{getattr(kind, '__qualname__', kind)}", is_readable=False)
    described = json.dumps(schema, sort_keys=True).encode()
    return Codec(hashlib.sha256(described).hexdigest()[:16], adapter)
