from pathlib import Path

import pytest
from pydantic import ValidationError

from headrace.errors import ConfigurationError
from headrace.settings import load_settings


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgres_goes_by_one_scheme(tmp_path: Path, scheme: str) -> None:
    rest = "u:p%40ss@a:5432,b:5432/shop?target_session_attrs=any"
    assert load_settings({}, tmp_path, database_url=f"{scheme}://{rest}").database_url == f"postgresql://{rest}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app", "app.py"),
        ("app", "app:main"),
        ("api_url", "ftp://host"),
        ("database_schema", "pg_own"),
        ("database_schema", "Upper"),
        ("database_schema", "a" * 41),
        ("database_url", "mysql://host/db"),
        ("database_url", "localhost"),
        ("database_url", "postgresql://u:p/ss@host/db"),
        ("database_url", "postgresql://u:p@ss@host/db"),
        ("elasticsearch_index", "Upper"),
        ("elasticsearch_index", "a-b"),
        ("elasticsearch_url", "http://"),
        ("lease_seconds", "nan"),
        ("masked_fields", "a,,b"),
        ("masked_fields", "payload..email"),
        ("masked_fields", "two words"),
        ("masked_fields", "user.*"),
        ("masked_fields", "$.user"),
        ("queues", "a,,b"),
        ("queues", "a,a"),
        ("queues", "Upper"),
        ("queues", "a" * 65),
        ("redis_url", "redis://host:port/0"),
        ("redis_url", "redis://:p#ss@host/0"),
        ("release", "r" * 129),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} as given to the command: ") as caught:
        load_settings({}, tmp_path, **{name: value})
    assert len(caught.value.problems) == 1


def test_queues_are_separated_by_commas_or_listed(tmp_path: Path) -> None:
    assert load_settings({"HEADRACE_QUEUES": "mail, slow.jobs"}, tmp_path).queues == ("mail", "slow.jobs")
    (tmp_path / "pyproject.toml").write_text("[tool.headrace]\nqueues = ['mail', 'slow']\n")
    assert load_settings({}, tmp_path).queues == ("mail", "slow")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:9"),  # noqa: S104 (nothing is bound)
        ("::", "http://[::1]:9"),
        ("box", "http://box:9"),
    ],
)
def test_the_api_is_found_where_it_listens(tmp_path: Path, host: str, url: str) -> None:
    assert load_settings({}, tmp_path, api_host=host, api_port=9).api_url == url


def test_the_level_may_be_in_capitals(tmp_path: Path) -> None:
    assert load_settings({"HEADRACE_LOG_LEVEL": "INFO"}, tmp_path).log_level == "info"


def test_settings_are_frozen(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings({}, tmp_path).api_port = 1  # type: ignore[misc]
