"""The base of every event class, and the fingerprint by which processes compare their versions of one."""

import hashlib
import json
from typing import ClassVar, Unpack

from pydantic import BaseModel, ConfigDict, field_validator

from headrace.domain.event import DEFAULT_TYPE


class EventSchema(BaseModel):
    """An event as a pipeline sees it. Fields that a class does not declare are kept, not refused.

    `class TicketOpened(EventSchema, type="ticket.opened")` is the class of the events of that type: its
    instances carry the type by themselves, and a value of another type is a validation error. A class that
    names no type has the one of its parent. `EventSchema` itself takes every type.
    """

    model_config = ConfigDict(extra="allow")

    #: The type of the events that this class describes.
    event_type: ClassVar[str] = DEFAULT_TYPE

    type: str = DEFAULT_TYPE

    def __init_subclass__(cls, type: str | None = None, **config: Unpack[ConfigDict]) -> None:  # noqa: A002 - the user's keyword
        super().__init_subclass__(**config)
        if type is not None:
            cls.event_type = type
        # Pydantic collects the fields after this hook and takes a class attribute as the field's default.
        cls.type = cls.event_type

    @field_validator("type")
    @classmethod
    def _is_of_this_class(cls, value: str) -> str:
        if cls is not EventSchema and value != cls.event_type:
            raise ValueError(f"this is an event of the type {cls.event_type!r}")
        return value


def schema_hash(schema: type[EventSchema]) -> str:
    """16 hex digits that change with the class's JSON schema: fields, types, constraints, descriptions."""
    described = json.dumps(schema.model_json_schema(), sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()[:16]
