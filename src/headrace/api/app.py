"""The FastAPI application."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from headrace.api import acting, batch, explained, health, metrics, pausing, pipelines, reading, scheduling, searching
from headrace.api.accept import AcceptPath, add_accept_paths
from headrace.api.errors import add_error_handlers
from headrace.api.request_ids import RequestIds
from headrace.api.traffic import CountTraffic, Traffic
from headrace.api.users import routers_of
from headrace.bootstrap import open_api
from headrace.settings import Settings, get_settings


def create_app(settings: Settings | None = None, *, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The API; its services are opened when it starts and closed when it ends.

    `routers` and the routers in the user's modules come after its own, so that none hides a path of ours.
    Without `settings` they are read from the environment at the start.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_api(settings or get_settings()) as services:
            app.state.services = services
            _include(app, routers_of(services.modules))
            yield

    app = FastAPI(title="Headrace", lifespan=lifespan, redirect_slashes=False)
    app.state.traffic = Traffic()
    app.add_middleware(AcceptPath)
    app.add_middleware(RequestIds)
    app.add_middleware(CountTraffic, traffic=app.state.traffic)
    add_error_handlers(app)
    add_accept_paths(app)
    ours = (batch, reading, searching, acting, pausing, scheduling, health, metrics, pipelines, explained)
    _include(app, [module.router for module in ours])
    _include(app, routers)
    return app


def _include(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    for router in routers:
        app.include_router(router)
