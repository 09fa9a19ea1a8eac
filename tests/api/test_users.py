"""How users' own endpoints are found."""

from types import ModuleType

from fastapi import APIRouter

from headrace.api.users import routers_of


def module(**names: object) -> ModuleType:
    made = ModuleType("made")
    vars(made).update(names)
    return made


def test_a_router_is_found_by_its_name_in_any_module_and_taken_once() -> None:
    first, second = APIRouter(), APIRouter()
    modules = [module(router=first), module(), module(router=second, app=1), module(router=first)]

    assert list(map(id, routers_of(modules))) == [id(first), id(second)]


def test_something_else_of_that_name_is_left_alone() -> None:
    assert routers_of([module(router="a string"), module(routers=[APIRouter()])]) == []
