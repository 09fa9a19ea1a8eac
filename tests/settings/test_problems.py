from pathlib import Path

import pytest

from headrace.errors import ConfigurationError
from headrace.settings import load_settings


def problems_of(environ: dict[str, str], folder: Path, **overrides: object) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ, folder, **overrides)
    return caught.value.problems


def test_every_problem_is_told_at_once_with_its_place_and_its_remedy(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HEADRACE_MAX_DEPTH=deep\n")
    (tmp_path / "pyproject.toml").write_text("[tool.headrace]\nlog_format = 'xml'\napi_prot = 1\n")
    environ = {
        "HEADRACE_API_PORT": "70000",
        "HEADRACE_LOG_EVENTS": "perhaps",
        "HEADRACE_REDIS_URL": "valkey://localhost",
        "HEADRACE_LEASE_SECONDS": "8",
        "HEADRACE_DATABASE_URL_FILE": "absent",
    }
    problems = problems_of(environ, tmp_path, claim_batch=0)
    absent = tmp_path / "absent"
    unreadable = f"{absent} cannot be read (No such file or directory): correct the path or its rights"
    valkey = "use redis:// (rediss:// for TLS) for a Valkey too: it speaks the same protocol"
    lease = "set HEADRACE_RENEW_SECONDS below 4, or HEADRACE_LEASE_SECONDS above 10"
    assert sorted(problems) == [
        "HEADRACE_API_PORT in the environment: give a whole number from 1 to 65535",
        f"HEADRACE_DATABASE_URL_FILE in the environment: {unreadable}",
        "HEADRACE_LOG_EVENTS in the environment: give true or false",
        "HEADRACE_MAX_DEPTH in .env: give a whole number from 1 to 200",
        f"HEADRACE_REDIS_URL in the environment: {valkey}",
        f"HEADRACE_RENEW_SECONDS by default: must be below half of the lease: {lease}",
        "api_prot in [tool.headrace] of pyproject.toml is no setting: did you mean api_port?",
        "claim_batch as given to the command: give a whole number from 1 to 10000",
        "log_format in [tool.headrace] of pyproject.toml: give auto, console or json",
    ]


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("HEADRACE_DATABSE_URL", "did you mean HEADRACE_DATABASE_URL?"),
        ("HEADRACE_REDIS_URI_FILE", "did you mean HEADRACE_REDIS_URL_FILE?"),
        ("HEADRACE_XYZZY", "remove it"),
    ],
)
def test_an_unknown_variable_is_a_problem(tmp_path: Path, name: str, end: str) -> None:
    assert problems_of({name: "x"}, tmp_path) == (f"{name} in the environment is no setting: {end}",)


def test_an_unknown_argument_is_a_mistake_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="api_prot"):
        load_settings({}, tmp_path, api_prot=1)


def test_what_kubernetes_sets_for_a_service_is_no_setting(tmp_path: Path) -> None:
    environ = {
        "HEADRACE_SERVICE_HOST": "10.0.0.1",
        "HEADRACE_API_SERVICE_PORT_HTTP": "8000",
        "HEADRACE_API_PORT": "tcp://10.0.0.1:9000",
        "HEADRACE_API_PORT_9000_TCP_ADDR": "10.0.0.1",
    }
    assert load_settings(environ, tmp_path).api_port == 8000


def test_a_setting_and_its_file_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("1")
    (problem,) = problems_of({"HEADRACE_API_PORT": "1", "HEADRACE_API_PORT_FILE": "port"}, tmp_path)
    assert "HEADRACE_API_PORT is given too, remove one of them" in problem


@pytest.mark.parametrize(("content", "told"), [(b" \n", "is empty"), (b"\xff", "not text in UTF-8")])
def test_a_file_without_a_value_is_a_problem(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "release").write_bytes(content)
    (problem,) = problems_of({"HEADRACE_RELEASE_FILE": "release"}, tmp_path)
    assert told in problem


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (".env", b"\xff", "not text in UTF-8"),
        ("pyproject.toml", b"[", "not valid TOML"),
        ("pyproject.toml", b"[tool]\nheadrace = 1\n", "make [tool.headrace] a table"),
    ],
)
def test_an_unreadable_place_is_a_problem(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    (problem,) = problems_of({}, tmp_path)
    assert told in problem
