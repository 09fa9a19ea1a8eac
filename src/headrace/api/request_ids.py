"""Each request has an id, the client's own or a new one, told in `X-Request-ID` and in problems."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.domain.ids import new_id

HEADER = b"x-request-id"

#: A client's own id is kept if it is visible ASCII of at most 128 characters.
_SANE = re.compile(rb"[!-~]{1,128}")


class RequestIds:
    """ASGI middleware that puts the id in `request.state.request_id` and on the response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or str(new_id()).encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, request_id)]
            await send(message)

        await self._app(scope, receive, send_with_id)


def _given_id(scope: Scope) -> bytes | None:
    given: bytes = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return given if _SANE.fullmatch(given) else None
