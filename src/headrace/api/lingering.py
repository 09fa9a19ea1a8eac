"""How to refuse a body that is still on its way, so that the client gets to read why."""

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

#: How long what still arrives is thrown away before the connection is closed.
LINGER_SECONDS = 2.0


class _LingeringResponse(Response):
    """Answers whole, then reads on for a while, then closes the connection.

    A connection closed at once is reset by the bytes in flight, and many clients then never see the answer.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with anyio.move_on_after(LINGER_SECONDS):
            while (await receive()).get("more_body"):
                pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def lingering(response: Response) -> Response:
    """The same answer, for a request whose body was not read to its end."""
    headers = {**response.headers, "Connection": "close"}
    return _LingeringResponse(response.body, response.status_code, headers)
