"""The tree of errors: stable codes, each its own, and an answer for all that a client can meet."""

import re
from collections.abc import Iterator

import headrace.api.errors
import headrace.bootstrap
import headrace.cli.client
import headrace.cli.development.session
import headrace.embedded.errors  # noqa: F401  # counted with the rest
from headrace.api.errors import ANSWERS
from headrace.errors import HeadraceError, InvalidInput


def every_error(root: type[HeadraceError] = HeadraceError) -> Iterator[type[HeadraceError]]:
    yield root
    for child in root.__subclasses__():
        yield from every_error(child)


def test_no_two_kinds_of_error_give_themselves_the_same_code() -> None:
    codes = [error.code for error in every_error() if "code" in vars(error)]
    assert len(codes) > 20
    assert sorted(codes) == sorted(set(codes))


def test_codes_are_lower_case_words_joined_by_hyphens() -> None:
    for error in every_error():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code), error


def test_every_kind_of_invalid_input_has_its_own_answer() -> None:
    assert {error for error in every_error(InvalidInput) if "code" in vars(error)} <= set(ANSWERS)
