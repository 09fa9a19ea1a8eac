"""How an endpoint gets at what the process opened at its start."""

from typing import cast

from fastapi import Request

from headrace.bootstrap import ApiServices
from headrace.flow.ingest.check import Rules
from headrace.settings import Settings


def services_of(request: Request) -> ApiServices:
    """The services of the running application."""
    return cast(ApiServices, request.app.state.services)


def rules_of(settings: Settings) -> Rules:
    """What events must keep to."""
    return Rules(
        max_body_bytes=settings.max_body_bytes,
        max_depth=settings.max_depth,
        refuses_unknown_types=settings.on_unknown_type == "reject",
        release=settings.release or None,
    )
