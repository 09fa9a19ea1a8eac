"""What an accepting endpoint reads of a request: its options and its body."""

from starlette.requests import Request

from headrace.errors import FieldProblem, TooLarge, UnknownOption
from headrace.flow.ingest.media import BodyBuffer, too_large

_OPTION_PREFIX = "headrace-"
_OPTIONS = frozenset({"idempotency-key"})


class UnreadBody(TooLarge):
    """The body is too large, and the rest of it is still on its way."""


def refuse_options(request: Request) -> None:
    """Raises UnknownOption for every option header, since none is understood: better refused than ignored."""
    problems = [
        FieldProblem(name, UnknownOption.code, "this server does not know the option")
        for name in request.headers
        if name.startswith(_OPTION_PREFIX) or name in _OPTIONS
    ]
    if problems:
        raise UnknownOption("The request asks for something that this server does not do.", problems)


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
