"""Which HTTP status an error has: nowhere else is that decided."""

from collections.abc import Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

from headrace import errors
from headrace.api.body import UnreadBody
from headrace.api.lingering import lingering
from headrace.api.problems import Problem, problem_response
from headrace.engine.fit import MAX_PROBLEMS, detail_of, json_pointer

#: Status and title of each error that a request can meet; a subclass that is not here has its parent's.
ANSWERS: Mapping[type[errors.HeadraceError], tuple[int, str]] = {
    errors.InvalidInput: (422, "The input is invalid"),
    errors.InvalidJson: (400, "The body is not JSON"),
    errors.InvalidEncoding: (400, "The body is not encoded as it should be"),
    errors.DuplicateKey: (400, "An object has the same key twice"),
    errors.UnknownOption: (400, "An option is not known"),
    errors.UnsupportedMediaType: (415, "The media type is not supported"),
    errors.TooLarge: (413, "The body is too large"),
    errors.TooDeep: (422, "The body nests too deep"),
    errors.ForbiddenCharacter: (422, "A character cannot be stored"),
    errors.NumberOutOfRange: (422, "A number is out of range"),
    errors.InvalidEvent: (422, "The body is no event"),
    errors.SchemaMismatch: (422, "The event does not fit its schema"),
    errors.InvalidBatch: (422, "The batch cannot be accepted"),
    errors.InvalidDeliverAt: (422, "The time of delivery is invalid"),
    errors.InvalidIdempotencyKey: (400, "The idempotency key is invalid"),
    errors.IdempotencyKeyReused: (422, "The idempotency key came with something else before"),
    errors.InvalidParameter: (422, "A parameter is invalid"),
    errors.InvalidQuery: (422, "The query cannot be understood"),
    errors.InvalidSelection: (422, "The selection means no events"),
    errors.UnknownPipeline: (422, "No pipeline is declared for this type"),
    errors.UnknownNode: (422, "No pipeline has such a node"),
    errors.NotFound: (404, "There is no such thing"),
    errors.SearchOff: (404, "Nothing is searched here"),
    errors.Conflict: (409, "Another request holds what this one needs"),
    errors.IdempotencyKeyInFlight: (409, "Another request with this idempotency key is under way"),
    errors.EventHeldElsewhere: (409, "A worker holds the event"),
    errors.EventAlreadyFinished: (409, "The event is finished"),
    errors.EventUnfinished: (409, "The event is not finished"),
    errors.NotWaiting: (409, "The event does not wait for what could be cut short"),
    errors.ScheduleDeclared: (409, "The schedule is written in the program"),
    errors.ScheduleExists: (409, "There is a schedule of this name"),
    errors.NotSelected: (409, "The event is not what else is asked for"),
    errors.OwnTask: (409, "A task of the user's own processes the event"),
    errors.Unavailable: (503, "The service is unavailable"),
    errors.Overloaded: (429, "Too much is sent at once"),
}


#: Code and title where the framework, or a user's endpoint, answers with a bare status.
BARE_STATUSES: Mapping[int, tuple[str, str]] = {
    404: (errors.NotFound.code, ANSWERS[errors.NotFound][1]),
    405: ("method-not-allowed", "The path does not have this method"),
    500: ("internal-error", "The server failed"),
}


def problem_of(error: errors.HeadraceError) -> Problem:
    """The problem that one of the errors in `ANSWERS` is to a client."""
    status, title = next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
    field_problems = error.problems if isinstance(error, errors.InvalidInput) else ()
    return Problem(error.code, status, title, error.detail, field_problems)


#: What an endpoint of ours raises on a request that it refuses.
ANSWERED = (errors.HeadraceError, ClientDisconnect)


async def answer_of(request: Request, error: Exception) -> Response:
    """The answer to a request that was refused with one of `ANSWERED`; of another HeadraceError, raises it."""
    if isinstance(error, ClientDisconnect):
        return await _on_disconnect(request, error)
    if isinstance(error, UnreadBody):
        return await _on_unread_body(request, error)
    if not any(kind in ANSWERS for kind in type(error).__mro__):
        raise error
    return await _on_error(request, error)


def add_error_handlers(app: FastAPI) -> None:
    """Make every error that `app` answers a problem, those of the framework and of users' routes included."""
    for kind in ANSWERS:
        app.add_exception_handler(kind, _on_error)
    app.add_exception_handler(UnreadBody, _on_unread_body)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_failure)


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.HeadraceError)
    headers = {}
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    return problem_response(request, problem_of(error), headers)


async def _on_unread_body(request: Request, error: Exception) -> Response:
    return lingering(await _on_error(request, error))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults: Sequence[ErrorDetails] = error.errors()
    in_body = any(fault["loc"][0] == "body" for fault in faults)
    kind = errors.InvalidInput if in_body else errors.InvalidParameter
    problems = [
        errors.FieldProblem(_place_of(fault), fault["type"], detail_of(fault)) for fault in faults[:MAX_PROBLEMS]
    ]
    return problem_response(request, problem_of(kind("The request does not have the form asked for.", problems)))


def _place_of(fault: ErrorDetails) -> str:
    """A pointer into the body, or the name of a parameter or header."""
    source, *steps = fault["loc"]
    return json_pointer(steps) if source == "body" else str(steps[0] if steps else source)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return await http_exception_handler(request, error)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed_methods(request)
    return problem_response(request, _plain_problem(error.status_code, error.detail), headers)


def _allowed_methods(request: Request) -> str:
    """All methods of the path: a framework names those of the first route only."""

    def answers(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(filter(answers, HTTPMethod))


async def _on_failure(request: Request, _: Exception) -> Response:
    # This answer is made outside of the middleware that adds the id.
    headers = {"X-Request-ID": request.state.request_id}
    return problem_response(request, _plain_problem(500, "Its log says why."), headers)


def _plain_problem(status: int, detail: Any) -> Problem:
    """A problem that is known by its HTTP status alone; `detail` is what a user's endpoint may say of it."""
    code, title = BARE_STATUSES.get(status, ("http-error", "The request is refused"))
    return Problem(code, status, title, detail if isinstance(detail, str) else title)


async def _on_disconnect(_: Request, __: Exception) -> Response:
    """Nobody is there to read the answer; without one, the server would log a failure."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)
