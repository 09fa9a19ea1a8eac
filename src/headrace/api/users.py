"""Users' own endpoints: a module of theirs may hold a FastAPI router."""

from collections.abc import Iterable
from types import ModuleType

from fastapi import APIRouter


def routers_of(modules: Iterable[ModuleType]) -> list[APIRouter]:
    """The `router` of each module that has one, each router once."""
    found = (getattr(module, "router", None) for module in modules)
    return list({id(router): router for router in found if isinstance(router, APIRouter)}.values())
