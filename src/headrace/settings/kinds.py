"""The kinds of values that settings have: how each is checked, and what to tell whoever gave another one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import AfterValidator, BeforeValidator
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Expected:
    """What a kind of value looks like, to be read after "give"."""

    text: str


#: Schemes that name PostgreSQL, as the libraries around it write them.
_POSTGRES_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})

#: A name of a schema that needs no quotes and leaves room for suffixes within PostgreSQL's 63 bytes.
_SCHEMA_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,39}")

#: What the name of a queue looks like.
QUEUE_PATTERN = r"[a-z0-9._-]{1,64}"

#: What the names of indices in Elasticsearch may begin with.
_INDEX_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")

#: The name of a field, or a path of names with dots between; no pattern, and no path of another language.
_FIELD_NAME = re.compile(r"(?![/$])[^\s,*]{1,200}")

POSTGRES_URL = Expected("a URL like postgresql://user:password@host:5432/name")
REDIS_URL = Expected("a URL like redis://user:password@host:6379/0, or rediss:// for TLS")
HTTP_URL = Expected("a URL like http://host:8000 or https://host")
SCHEMA_NAME = Expected("at most 40 of a-z, 0-9 and _, no digit first, not beginning with pg_")
MODULE_NAME = Expected("the name of a module or package, like app or shop.events")
QUEUE_NAMES = Expected("different names separated by commas, each of 1 to 64 of a-z, 0-9, dot, _ and -")
INDEX_NAME = Expected("at most 40 of a-z, 0-9 and _, a letter first")
FIELD_NAMES = Expected("names of fields separated by commas, or paths of them like payload.user.email")


def _split_url(value: str, expected: Expected) -> tuple[str, str]:
    """The scheme and the rest; refuses characters of a password that would move the host elsewhere."""
    scheme, separator, rest = value.partition("://")
    if not separator:
        raise ValueError(f"give {expected.text}")
    authority, _, path = rest.partition("/")
    if authority.count("@") > 1 or "@" in path.partition("?")[0]:
        raise ValueError("in its user or password write %40 for @, %2F for / and %3A for :")
    return scheme, rest


def postgres_url(value: str) -> str:
    """The URL with the scheme that drivers know. Raises ValueError with what to give instead."""
    scheme, rest = _split_url(value, POSTGRES_URL)
    if scheme not in _POSTGRES_SCHEMES:
        raise ValueError(f"give {POSTGRES_URL.text}")
    return f"postgresql://{rest}"


def _redis_url(value: str) -> str:
    scheme, _ = _split_url(value, REDIS_URL)
    if scheme in {"valkey", "valkeys"}:
        raise ValueError("use redis:// (rediss:// for TLS) for a Valkey too: it speaks the same protocol")
    return _with_host(value, {"redis", "rediss"}, REDIS_URL)


def _http_url(value: str) -> str:
    _split_url(value, HTTP_URL)
    return _with_host(value, {"http", "https"}, HTTP_URL).rstrip("/")


def _with_host(value: str, schemes: set[str], expected: Expected) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # the port is no number, or the brackets of an address do not match
        usable = False
    if not usable:
        raise ValueError(f"give {expected.text}; write other signs than letters and digits in a password as %XX")
    return value


def _schema_name(value: str) -> str:
    if not _SCHEMA_NAME.fullmatch(value):
        raise ValueError(f"give {SCHEMA_NAME.text}")
    return value


def _module_name(value: str) -> str:
    if value.endswith(".py"):
        raise ValueError("give the name of the module, without .py")
    if not all(part.isidentifier() for part in value.split(".")):
        raise ValueError(f"give {MODULE_NAME.text}")
    return value


def _split_names(value: object) -> object:
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


def _queue_names(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or len(set(names)) < len(names) or not all(re.fullmatch(QUEUE_PATTERN, name) for name in names):
        raise ValueError(f"give {QUEUE_NAMES.text}")
    return names


def _index_name(value: str) -> str:
    if not _INDEX_NAME.fullmatch(value):
        raise ValueError(f"give {INDEX_NAME.text}")
    return value


def _field_names(names: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_FIELD_NAME.fullmatch(name) and all(name.split(".")) for name in names):
        raise ValueError(f"give {FIELD_NAMES.text}")
    return names


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


PostgresUrl = Annotated[str, AfterValidator(postgres_url), POSTGRES_URL]
RedisUrl = Annotated[str, AfterValidator(_redis_url), REDIS_URL]
HttpUrl = Annotated[str, AfterValidator(_http_url), HTTP_URL]
SchemaName = Annotated[str, AfterValidator(_schema_name), SCHEMA_NAME]
ModuleName = Annotated[str, AfterValidator(_module_name), MODULE_NAME]
QueueNames = Annotated[tuple[str, ...], BeforeValidator(_split_names), AfterValidator(_queue_names), QUEUE_NAMES]
FieldNames = Annotated[tuple[str, ...], BeforeValidator(_split_names), AfterValidator(_field_names), FIELD_NAMES]
IndexName = Annotated[str, AfterValidator(_index_name), INDEX_NAME]
Folder = Annotated[Path, Expected("the path of a folder")]
AnyCase = BeforeValidator(_lower)


def expected(field: FieldInfo) -> str:
    """What a setting's value looks like, for messages and for the documentation."""
    parts = [*field.metadata, *_parts(field.annotation)]
    told = next((part.text for part in parts if isinstance(part, Expected)), None)
    if told is not None:
        return told
    if bool in parts:
        return "true or false"
    choices = [part for part in parts if isinstance(part, str)]
    if choices:
        return f"{', '.join(choices[:-1])} or {choices[-1]}"
    least = next(part.ge for part in parts if isinstance(part, Ge))
    most = next(part.le for part in parts if isinstance(part, Le))
    return f"a {'whole ' if int in parts else ''}number from {least} to {most}"


def _parts(annotation: Any) -> Iterator[object]:
    yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)
