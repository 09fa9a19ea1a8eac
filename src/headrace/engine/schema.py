"""The base of every event class, and the fingerprint by which processes compare their versions of one."""

import hashlib
import json
import operator
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar, Unpack

import orjson
from pydantic import BaseModel, ConfigDict, field_validator
from pydantic.fields import FieldInfo

from headrace.domain.event import DEFAULT_TYPE
from headrace.engine.json_form import to_json
from headrace.settings.masking import mask

#: A longer match key is stored as its hash: an index takes no value of any size.
MATCH_KEY_CHARACTERS = 255

#: Values of these types, and of no class beneath them, have one JSON form.
_SCALARS = (str, int, bool)

#: The event classes that name a type, by that type; `PipelineRegistry` is the way to them.
classes: dict[str, type["EventSchema"]] = {}


class EventSchema(BaseModel):
    """An event as a pipeline sees it. Fields that a class does not declare are kept, not refused.

    `class TicketOpened(EventSchema, type="ticket.opened")` is the class of the events of that type: its
    instances carry the type by themselves, and a value of another type is a validation error. A class that
    names no type has the one of its parent. `EventSchema` itself takes every type.

    `match="order_id"` names the field by which pipelines wait for such an event. `pipeline=None` says that no pipeline
    serves the type on purpose: its events succeed at once.
    """

    model_config = ConfigDict(extra="allow")

    #: The type of the events that this class describes.
    event_type: ClassVar[str] = DEFAULT_TYPE

    #: The field by whose value `wait_for` finds an event of this class.
    match_field: ClassVar[str | None] = None

    #: Whether the type has no pipeline on purpose.
    needs_no_pipeline: ClassVar[bool] = False

    type: str = DEFAULT_TYPE

    def __init_subclass__(
        cls,
        type: str | None = None,  # noqa: A002 - the user's keyword
        match: str | None = None,
        pipeline: Any = ...,
        **config: Unpack[ConfigDict],
    ) -> None:
        super().__init_subclass__(**config)
        if pipeline not in (None, ...):
            raise TypeError("pipeline=None is the only value; a pipeline names its class: Pipeline(name, Class)")
        cls.needs_no_pipeline = pipeline is None
        if match is not None:
            cls.match_field = match
        if type is not None:
            cls.event_type = str(type.value if isinstance(type, Enum) else type)
            classes[cls.event_type] = cls
        # Pydantic collects the fields after this hook and takes a class attribute as the field's default.
        cls.type = cls.event_type

    @field_validator("type")
    @classmethod
    def _is_of_this_class(cls, value: str) -> str:
        if cls is not EventSchema and value != cls.event_type:
            raise ValueError(f"this is an event of the type {cls.event_type!r}")
        return value


def passed_on(event: EventSchema, data: Mapping[str, Any]) -> set[str]:
    """The members of `data` that are in its event's JSON as they are: what its class does not declare, and scalars.

    None of them where the class writes its JSON by itself.
    """
    if type(event).__pydantic_decorators__.model_serializers:
        return set()
    same = {name for name, value in (event.model_extra or {}).items() if name in data and data[name] is value}
    return same | {name for name in _scalar_fields(type(event)) if _is_same(getattr(event, name), data.get(name))}


def is_passed_on(event: EventSchema, data: Mapping[str, Any]) -> bool:
    """Whether its JSON is `data`: no member more, none less, none other. False where that would take long to tell."""
    scalars, extra = _scalar_fields(type(event)), event.__pydantic_extra__ or {}
    if len(data) != len(scalars) + len(extra) or len(scalars) != len(type(event).__pydantic_fields__):
        return False
    if not all(_is_same(getattr(event, name), data.get(name)) for name in scalars):
        return False
    return extra.keys() <= data.keys() and all(map(operator.is_, extra.values(), map(data.get, extra)))


def _is_same(value: object, given: object) -> bool:
    return type(value) is type(given) and type(value) in _SCALARS and value == given


@lru_cache(maxsize=1024)
def _scalar_fields(kind: type[EventSchema]) -> tuple[str, ...]:
    """The declared fields of these types whose JSON nothing but the type decides."""
    decorators = kind.__pydantic_decorators__
    if decorators.model_serializers or decorators.field_serializers or decorators.computed_fields:
        return ()
    fields = kind.__pydantic_fields__.items()
    return tuple(name for name, field in fields if field.annotation in _SCALARS and _is_bare(field))


def _is_bare(field: FieldInfo) -> bool:
    return not (field.metadata or field.exclude or field.serialization_alias or field.alias)


def schema_hash(schema: type[EventSchema]) -> str:
    """16 hex digits that change with the class's JSON schema: fields, types, constraints, descriptions."""
    described = json.dumps(schema.model_json_schema(), sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def as_match_key(value: object) -> str | None:
    """The text, without secrets, by which two values are compared as match keys; None for None: it matches nothing.

    Raises ValueError for a value without a JSON form.
    """
    if value is None:
        return None
    plain = value if isinstance(value, str) else orjson.loads(to_json(value))
    text = mask(plain if isinstance(plain, str) else orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode())
    return text if len(text) <= MATCH_KEY_CHARACTERS else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def match_key_of(event_type: str, data: Mapping[str, Any]) -> str | None:
    """The match key of an event's data, by the class that was declared for its type; None where there is none."""
    declared = classes.get(event_type)
    if declared is None or declared.match_field is None:
        return None
    return as_match_key(data.get(declared.match_field))
