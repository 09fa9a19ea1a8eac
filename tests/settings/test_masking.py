import traceback
from pathlib import Path

import pytest

from headrace.errors import ConfigurationError
from headrace.settings import load_settings, mask_url


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
