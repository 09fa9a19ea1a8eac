import json
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import ConfigurationError
from headrace.settings import load_settings, mask, mask_json, mask_url, remember_secret
from headrace.settings.masking import Masker

#: Nothing in a mask, so that no mask makes a secret whole; no white space around it, which secrets lose.
SECRETS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*"), min_size=8).filter(
    lambda text: len(text.strip()) >= 8 and text == text.strip()
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*"))

#: The ways in which text comes to be written.
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "as JSON": json.dumps,
    "as JSON with every letter": lambda text: orjson.dumps(text).decode(),
    "as JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "as JSON in a Python's string": lambda text: repr(json.dumps(text)),
    "as Python": repr,
    "as Python, in JSON": lambda text: json.dumps(repr(text)),
    "as Python, between other quotes": lambda text: repr(f"'\"{text}\"'"),
    "in a path": quote,
    "in a path's part": lambda text: quote(text, ""),
    "in a query": quote_plus,
}


def masker_of(*secrets: str) -> Masker:
    masker = Masker()
    for secret in secrets:
        masker.remember(secret)
    return masker


def strings_of(value: Any) -> list[str]:
    """All keys and strings in a value, at any depth."""
    match value:
        case dict():
            return [*value, *(text for part in value.values() for text in strings_of(part))]
        case list():
            return [text for part in value for text in strings_of(part)]
        case _:
            return [str(value)]


def holding(secret: str) -> st.SearchStrategy[Any]:
    """JSON values with the secret in strings, as keys and values at any depth."""
    texts = st.builds("{}{}{}".format, TEXTS, st.sampled_from(["", secret]), TEXTS)
    leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | texts
    return st.recursive(
        leaves, lambda parts: st.lists(parts) | st.dictionaries(texts, parts), max_leaves=8
    ) | st.builds(lambda before, value: {before + secret: [value, {"deep": secret}]}, TEXTS, leaves)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://u:hidden@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:hid@den@h/db", "postgresql://u:***@h/db"),
        ("redis://:hidden@h:6379/0", "redis://:***@h:6379/0"),
        ("a redis://a:x@h/0, b redis://b:y@h/0", "a redis://a:***@h/0, b redis://b:***@h/0"),
        ("postgresql://h/db?password=hidden&sslmode=require", "postgresql://h/db?password=***&sslmode=require"),
        ("http://h:8000/events", "http://h:8000/events"),
        ("someone: me@example.org", "someone: me@example.org"),
    ],
)
def test_only_the_password_is_masked(text: str, masked: str) -> None:
    assert mask_url(text) == masked


def test_settings_show_no_password(tmp_path: Path) -> None:
    settings = load_settings(
        {},
        tmp_path,
        database_url="postgresql://u:hidden@h/db",
        redis_url="redis://:hidden@h:6379/0",
        elasticsearch_url="https://u:hidden@h",
    )
    for shown in (repr(settings), str(settings)):
        assert "hidden" not in shown
        assert "postgresql://u:***@h/db" in shown


@pytest.mark.parametrize("name", ["HEADRACE_DATABASE_URL", "HEADRACE_REDIS_URL", "HEADRACE_API_PORT"])
def test_a_wrong_value_is_not_quoted_nor_is_it_in_the_traceback(tmp_path: Path, name: str) -> None:
    environ = {name: "wrong://u:hidden@h/db"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ, tmp_path)
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "secret",
    [
        "plain-token",
        "with space",
        "a\\b'c\"d/e",
        "l'accès à l'été",
        "two\nlines of it",
        "100%+sure=/",
        "𝄞 and \x7f\x01",
    ],
)
def test_a_secret_is_masked_in_every_form(form: str, secret: str) -> None:
    write = FORMS[form]
    masked = masker_of(secret).mask(f"before {write(secret)} after")
    assert re.fullmatch(r"before ['\"\\]*\*{3}['\"\\]* after", masked)


@given(SECRETS, TEXTS, TEXTS, st.sampled_from(list(FORMS)))
def test_no_secret_survives_in_any_form(secret: str, before: str, after: str, form: str) -> None:
    write = FORMS[form]
    written = write(secret)
    masked = masker_of(secret).mask(f"{before}{written}{after}")
    assert secret not in masked
    assert written not in masked


@given(st.data())
def test_no_secret_survives_in_json_that_holds_it_at_any_depth(data: st.DataObject) -> None:
    secret = data.draw(SECRETS)
    value = data.draw(holding(secret))
    for encoded in (orjson.dumps(value), json.dumps(value).encode()):
        masked = masker_of(secret).mask_json(encoded)
        assert not [text for text in strings_of(json.loads(masked)) if secret in text]


@given(st.data())
def test_json_without_the_secret_stays_as_it_is(data: st.DataObject) -> None:
    secret = data.draw(SECRETS)
    value = data.draw(holding("nothing"))
    encoded = orjson.dumps(value)
    if not any(secret in text for text in strings_of(value)):
        assert json.loads(masker_of(secret).mask_json(encoded)) == json.loads(encoded)


@pytest.mark.parametrize(
    ("secret", "encoded", "masked"),
    [
        ("n12345678", rb'"\n12345678"', rb'"\n12345678"'),
        ("0041abcdef", rb'"\u0041abcdef"', rb'"\u0041abcdef"'),
        ("a/b/c/d/e", rb'{"a\/b\/c\/d\/e": 1}', b'{"***": 1}'),
        ("12345678", b'{"a": 12345678, "b": -0.12345678e3, "c": 1234567}', b'{"a": "***", "b": "***", "c": 1234567}'),
    ],
)
def test_masked_json_is_json_still(secret: str, encoded: bytes, masked: bytes) -> None:
    assert masker_of(secret).mask_json(encoded) == masked


def test_a_secret_within_another_and_one_that_overlaps_leave_nothing_behind() -> None:
    masker = masker_of("abcdefgh", "xxabcdefghyy", "ghyyzzzzzz")
    assert masker.mask("1 xxabcdefghyy 2 abcdefgh 3") == "1 *** 2 *** 3"
    assert masker.mask("1 xxabcdefghyyzzzzzz 2") == "1 *** 2"


def test_what_is_too_short_is_not_masked() -> None:
    assert masker_of("1234567", " 123456 ").mask("1234567") == "1234567"


def test_secrets_and_the_passwords_of_urls_are_masked_in_the_whole_process() -> None:
    remember_secret("of-the-whole-process")
    assert mask("redis://:hidden@h/0 of-the-whole-process") == "redis://:***@h/0 ***"
    assert mask_json(b'["of-the-whole-process"]') == b'["***"]'
