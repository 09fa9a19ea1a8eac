"""What an accepting endpoint reads of a request: its options and its body."""

from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request

from headrace.domain.delivery import parse_deliver_at
from headrace.domain.idempotency import check_key
from headrace.errors import FieldProblem, InvalidDeliverAt, InvalidIdempotencyKey, TooLarge, UnknownOption
from headrace.flow.ingest.media import BodyBuffer, too_large

_OPTION_PREFIX = "headrace-"

#: The header with a key by which a request can be repeated.
IDEMPOTENCY_KEY = "idempotency-key"

#: The header that says when the event is to be delivered.
DELIVER_AT = "headrace-deliver-at"


class UnreadBody(TooLarge):
    """The body is too large, and the rest of it is still on its way."""


def refuse_options(request: Request) -> None:
    """Raises UnknownOption for every option header, since none is understood: better refused than ignored."""
    refuse_options_but(request)


def refuse_options_but(request: Request, *understood: str) -> None:
    """Raises UnknownOption for every option header that is not `understood`, a name in lower case."""
    problems = [
        FieldProblem(name, UnknownOption.code, "this server does not know the option")
        for name in request.headers
        if (name.startswith(_OPTION_PREFIX) or name == IDEMPOTENCY_KEY) and name not in understood
    ]
    if problems:
        raise UnknownOption("The request asks for something that this server does not do.", problems)


def idempotency_key_of(request: Request) -> str | None:
    """The request's idempotency key, if it has one. Raises InvalidIdempotencyKey."""
    given = request.headers.getlist(IDEMPOTENCY_KEY)
    if not given:
        return None
    if len(given) > 1:
        raise InvalidIdempotencyKey("A request has one idempotency key at most.")
    try:
        return check_key(given[0].encode("latin-1").decode())
    except UnicodeDecodeError:
        raise InvalidIdempotencyKey("An idempotency key is encoded in UTF-8.") from None


def deliver_at_of(request: Request, now: Callable[[], datetime]) -> datetime | None:
    """When the event of a request is to be delivered, None for at once. Raises InvalidDeliverAt, and what `now` raises.

    Only who says when needs to know what time it is.
    """
    given = request.headers.getlist(DELIVER_AT)
    if not given:
        return None
    if len(given) > 1:
        problem = FieldProblem(DELIVER_AT, InvalidDeliverAt.code, "is given twice")
        raise InvalidDeliverAt("A request has one time of delivery at most.", [problem])
    return parse_deliver_at(given[0], now(), DELIVER_AT)


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The body, inflated. Raises UnreadBody as soon as it passes the limit, and what BodyBuffer raises."""
    buffer = BodyBuffer(limit_bytes, request.headers.get("content-encoding"))
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise UnreadBody(too_large(limit_bytes).detail)
    try:
        async for piece in request.stream():
            buffer.add(piece)
    except TooLarge as error:
        raise UnreadBody(error.detail) from None
    return buffer.whole()
