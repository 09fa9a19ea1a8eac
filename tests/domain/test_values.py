"""Classes whose instances never change."""

from dataclasses import replace

import pytest

from headrace.domain.values import value


@value()
class Point:
    x: int
    y: int = 0


@value(eq=False)
class Held:
    name: str


def test_values_are_compared_by_what_they_hold() -> None:
    assert {Point(1), Point(1, 0)} == {Point(1)}
    assert replace(Point(1), y=2) == Point(1, 2)


def test_what_is_itself_alone_is_compared_by_that() -> None:
    one, other = Held("a"), Held("a")

    assert one == one
    assert one != other
    assert len({one, other}) == 2


def test_nothing_but_its_fields_can_be_set() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]
