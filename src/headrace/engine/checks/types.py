"""Whether a value of one type can go where another is wanted, as far as it can be told without a type checker."""

import types
import typing
from collections.abc import Set
from typing import Any, Literal, Union, get_args, get_origin

from headrace.engine.kinds import union_of


def fits(given: Any, wanted: Any) -> bool:
    """False only where it surely cannot; yes where only a type checker could tell."""
    given, wanted = _plain(given), _plain(wanted)
    if Any in (given, wanted) or object in (given, wanted):
        return True
    if _is_union(given):
        return all(fits(part, wanted) for part in get_args(given))
    if _is_union(wanted):
        return any(fits(given, part) for part in get_args(wanted))
    if get_origin(given) is Literal:
        return _literal_fits(get_args(given), wanted)
    if get_origin(wanted) is Literal:
        return fits(given, union_of(*{type(value) for value in get_args(wanted)}))
    return _class_fits(given, wanted)


def item_type(kind: Any) -> Any:
    """The type of the items of a list type; Any where it says nothing, None where it is surely no list."""
    kind = _plain(kind)
    origin = get_origin(kind) or kind
    if origin in (Any, object) or not isinstance(origin, type):
        return Any
    if issubclass(origin, (str, bytes, dict, Set)) or not hasattr(origin, "__iter__"):
        return None
    arguments = [argument for argument in get_args(kind) if argument is not Ellipsis]
    return union_of(*arguments) if arguments else Any


def without_none(kind: Any) -> Any:
    """The type of what is left where None is taken away."""
    if not _is_union(kind):
        return kind
    return union_of(*(part for part in get_args(kind) if part is not type(None)))


def _literal_fits(values: tuple[Any, ...], wanted: Any) -> bool:
    if get_origin(wanted) is Literal:
        return set(values) <= set(get_args(wanted))
    return all(fits(type(value), wanted) for value in values)


def _class_fits(given: Any, wanted: Any) -> bool:
    given_class, wanted_class = get_origin(given) or given, get_origin(wanted) or wanted
    if not (isinstance(given_class, type) and isinstance(wanted_class, type)):
        return True
    if typing.is_typeddict(wanted_class) or typing.is_typeddict(given_class):
        return given_class is wanted_class or dict in (given_class, wanted_class)
    try:
        related = issubclass(given_class, wanted_class) or (issubclass(given_class, int) and wanted_class is float)
    except TypeError:
        return True
    return related and _arguments_fit(given, wanted)


def _arguments_fit(given: Any, wanted: Any) -> bool:
    ours, theirs = get_args(given), get_args(wanted)
    if not ours or not theirs or len(ours) != len(theirs) or Ellipsis in ours or Ellipsis in theirs:
        return True
    return all(fits(one, other) for one, other in zip(ours, theirs, strict=True))


def _plain(kind: Any) -> Any:
    if kind is None:
        return type(None)
    kind = get_args(kind)[0] if get_origin(kind) is typing.Annotated else kind
    return getattr(kind, "__supertype__", kind)


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)
