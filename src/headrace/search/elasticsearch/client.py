"""The client of Elasticsearch, and what its errors mean to the copy."""

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elastic_transport import AsyncTransport, TransportApiResponse
from elasticsearch import (
    ApiError,
    AsyncElasticsearch,
    ConnectionTimeout,
    ElasticsearchWarning,
    JsonSerializer,
    SerializationError,
    TransportError,
    UnsupportedProductError,
)

from headrace.errors import CopyAway

#: Connections to the server: the projector uses one, readers the others.
_CONNECTIONS = 4

#: Integers of so many digits are one number in every parser.
_SAFE_DIGITS = 15

#: The types of Elasticsearch's errors, and nothing that a proxy may have written.
_TYPE = re.compile(r"[a-z_]{1,80}")

_SUCCESS = range(200, 300)

#: What an empty answer spells. One with the status 413 is, and that status says it all.
_NOTHING: dict[str, Any] = {}


class ExactSerializer(JsonSerializer):
    """JSON in which two numbers are equal only if they are spelt alike."""

    def loads(self, data: bytes) -> Any:
        if not data:
            return _NOTHING
        try:
            return parse_exactly(data)
        except (ValueError, RecursionError):
            raise SerializationError("the answer is no JSON") from None


def parse_exactly(data: bytes) -> Any:
    """What the JSON spells; numbers that a parser may round are left as they are spelt, as bytes.

    Raises ValueError, and RecursionError where it is nested too deep.
    """
    return json.loads(data, parse_int=_integer, parse_float=str.encode)


def _integer(spelt: str) -> int | bytes:
    return int(spelt) if len(spelt) <= _SAFE_DIGITS else spelt.encode()


class _Transport(AsyncTransport):
    """Takes a success that says nothing for no answer: it would read as if nothing were there."""

    async def perform_request(  # type: ignore[override]  # as the base class overrides its own
        self, method: str, target: str, **options: Any
    ) -> TransportApiResponse:
        response = await super().perform_request(method, target, **options)
        if response.body is _NOTHING and response.meta.status in _SUCCESS:
            raise SerializationError("the answer is empty")
        return response


def make_client(url: str, timeout_seconds: float) -> AsyncElasticsearch:
    """A client of the server at `url`, which may hold a user and a password. It tries each request once."""
    warnings.filterwarnings("ignore", category=ElasticsearchWarning)
    return AsyncElasticsearch(
        url,
        request_timeout=timeout_seconds,
        max_retries=0,
        retry_on_timeout=False,
        http_compress=False,
        connections_per_node=_CONNECTIONS,
        serializer=ExactSerializer(),
        transport_class=_Transport,
    )


@contextmanager
def answering() -> Iterator[None]:
    """Turn whatever the client raises into CopyAway. What the server says in words is left out: it may quote."""
    try:
        yield
    except UnsupportedProductError:
        raise CopyAway("what answers there is no Elasticsearch") from None
    except ApiError as error:
        kind = error_type(error)
        raise CopyAway(f"Elasticsearch answered {error.status_code}" + (f" ({kind})" if kind else "")) from None
    except ConnectionTimeout:
        raise CopyAway("Elasticsearch did not answer in time") from None
    except SerializationError:
        raise CopyAway("Elasticsearch did not answer in JSON") from None
    except TransportError:
        raise CopyAway("Elasticsearch cannot be reached") from None


def error_type(error: ApiError) -> str:
    """What Elasticsearch calls it, as `index_not_found_exception`; empty if it was not Elasticsearch that answered."""
    return error.message if _TYPE.fullmatch(error.message) else ""
