"""Classes whose instances never change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

Value = TypeVar("Value")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(*, eq: bool = True) -> Callable[[type[Value]], type[Value]]:
    """A frozen dataclass with slots (PEP 681), for what is made many times for each run.

    That nothing assigns to it is for the type checker to see: Python's own guard takes as long as making it.
    """

    def make(kind: type[Value]) -> type[Value]:
        return dataclass(slots=True, eq=eq, unsafe_hash=eq)(kind)

    return make
