"""Where another process finds a function or a class of this one."""

import inspect
import sys
from collections.abc import Callable
from functools import reduce
from typing import Any

from headrace.engine.places.frames import Place


def place_of(target: Callable[..., Any]) -> Place:
    """The place of what stands in a module or in a class there, also in the program that was started."""
    main = sys.modules["__main__"]
    if target.__module__ != "__main__":
        return Place(target.__module__, target.__qualname__)
    if main.__spec__ is not None:
        return Place(main.__spec__.name, target.__qualname__)
    return Place("__main__", target.__qualname__, getattr(main, "__file__", None))


def process_problem(function: Callable[..., Any]) -> str | None:
    """What was found in the place of a function that another process can import; None if it is one."""
    if not inspect.isfunction(function):
        return "a method" if inspect.ismethod(function) else "an object that is called"
    if function.__name__ == "<lambda>":
        return "a lambda"
    if "<locals>" in function.__qualname__:
        return "a function inside another one"
    place = place_of(function)
    if place.module == "__main__" and place.file is None:
        return "a function that was typed into a prompt"
    module: Any = sys.modules.get(function.__module__)
    there = reduce(lambda found, name: getattr(found, name, None), function.__qualname__.split("."), module)
    # Its module may be in the middle of its import: then the name is not there yet.
    return None if there is None or there is function else "a function whose name stands for another object"
