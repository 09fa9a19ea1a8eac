"""How an endpoint gets at what the process opened at its start."""

from typing import TypeVar, cast

from fastapi import Request

from headrace.bootstrap import ApiServices
from headrace.errors import SearchOff
from headrace.flow.ingest.check import Rules
from headrace.flow.read import Searcher
from headrace.search.port import SearchCopy
from headrace.settings import Settings

_S = TypeVar("_S")


def services_of(request: Request) -> ApiServices:
    """The services of the running application."""
    return cast(ApiServices, request.app.state.services)


def copy_of(request: Request) -> SearchCopy:
    """The search copy. Raises SearchOff where there is none."""
    return _searched(services_of(request).copy)


def search_of(request: Request) -> Searcher:
    """What searches. Raises SearchOff where nothing does."""
    return _searched(services_of(request).search)


def _searched(service: _S | None) -> _S:
    if service is None:
        raise SearchOff
    return service


def rules_of(settings: Settings) -> Rules:
    """What events must keep to."""
    return Rules(
        max_body_bytes=settings.max_body_bytes,
        max_depth=settings.max_depth,
        refuses_unknown_types=settings.on_unknown_type == "reject",
        release=settings.release or None,
    )
