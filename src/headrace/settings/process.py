"""Giving settings to this process, as its environment would."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from headrace.settings.load import get_settings
from headrace.settings.names import FILE_SUFFIX, variable


@contextmanager
def given_settings(overrides: Mapping[str, object]) -> Iterator[Mapping[str, str]]:
    """Some settings, by field, in the environment of this process for a while; yields them as variables.

    The settings of this process are read anew at both ends. What keeps something that it made of them has to forget
    it itself.
    """
    given = {variable(field): str(value) for field, value in overrides.items()}
    concerned = [*given, *(f"{name}{FILE_SUFFIX}" for name in given)]
    before = {name: os.environ[name] for name in concerned if name in os.environ}
    _set(concerned, given)
    try:
        yield given
    finally:
        _set(concerned, before)


def _set(concerned: list[str], values: Mapping[str, str]) -> None:
    for name in concerned:
        os.environ.pop(name, None)
    os.environ.update(values)
    get_settings.cache_clear()
