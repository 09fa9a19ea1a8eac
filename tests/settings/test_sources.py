import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.errors import ConfigurationError
from headrace.settings import child_environment, load_settings

SERVICES = {
    "database_url": "postgresql://app@127.0.0.1:6001/headrace",
    "migrate_database_url": "postgresql://owner@127.0.0.1:6001/headrace",
    "redis_url": "redis://127.0.0.1:6002/0",
    "api_url": "http://127.0.0.1:6003",
}


def announce(data_dir: Path, pid: object) -> None:
    data_dir.mkdir(exist_ok=True)
    (data_dir / "services.json").write_text(json.dumps({**SERVICES, "pid": pid}))


def ended_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_defaults_need_nothing(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    assert settings.database_url == settings.migrate_database_url == "postgresql://localhost/headrace"
    assert settings.redis_url == "redis://localhost:6379/0"
    assert settings.api_url == "http://127.0.0.1:8000"
    assert settings.queues == ("default",)
    assert settings.worker_processes >= 1


def test_each_place_is_overruled_by_the_one_before_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.headrace]\nmax_depth = 2\n")
    assert load_settings({}, tmp_path).max_depth == 2
    (tmp_path / ".env").write_text("HEADRACE_MAX_DEPTH=3\n")
    assert load_settings({}, tmp_path).max_depth == 3
    (tmp_path / "depth").write_text(" 4\n")
    from_file = {"HEADRACE_MAX_DEPTH_FILE": "depth"}
    assert load_settings(from_file, tmp_path).max_depth == 4
    assert load_settings({"HEADRACE_MAX_DEPTH": "5"}, tmp_path).max_depth == 5
    assert load_settings({"HEADRACE_MAX_DEPTH": "5"}, tmp_path, max_depth=6).max_depth == 6
    assert load_settings(from_file, tmp_path, max_depth=None).max_depth == 4


def test_a_dotenv_names_files_too_and_replaces_nothing_in_values(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("redis://elsewhere:6379/0\n")
    (tmp_path / ".env").write_text("HEADRACE_REDIS_URL_FILE=url\nHEADRACE_RELEASE='a${HOME}b'\nOTHER=1\n")
    settings = load_settings({}, tmp_path)
    assert settings.redis_url == "redis://elsewhere:6379/0"
    assert settings.release == "a${HOME}b"


def test_an_empty_variable_is_not_given(tmp_path: Path) -> None:
    assert load_settings({"HEADRACE_APP": "", "HEADRACE_API_PORT": " "}, tmp_path).api_port == 8000


def test_the_database_url_of_a_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgres://app:first@db/shop\n")
    source = load_settings({"HEADRACE_DATABASE_URL_FILE": str(file)}, tmp_path).database_source()
    assert source() == "postgresql://app:first@db/shop"
    file.write_text("postgres://app:second@db/shop\n")
    assert source() == "postgresql://app:second@db/shop"
    file.unlink()
    with pytest.raises(ConfigurationError, match="HEADRACE_DATABASE_URL_FILE"):
        source()


def test_a_database_url_that_overrules_a_file_stays(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://db/of_the_file")
    environ = {"HEADRACE_DATABASE_URL_FILE": "url"}
    given = load_settings(environ, tmp_path, database_url="postgresql://db/given")
    assert given.database_source()() == "postgresql://db/given"


def test_project_name_names_the_redis(tmp_path: Path) -> None:
    assert load_settings({"PROJECT_NAME": "x"}, tmp_path).redis_url == "redis://x_redis:6379/0"


def test_an_explicit_redis_url_wins_over_project_name(tmp_path: Path) -> None:
    environ = {"PROJECT_NAME": "x", "HEADRACE_REDIS_URL": "redis://y:6379/1"}
    assert load_settings(environ, tmp_path).redis_url == "redis://y:6379/1"
    (tmp_path / "pyproject.toml").write_text('[tool.headrace]\nredis_url = "redis://z:6379/0"\n')
    assert load_settings({"PROJECT_NAME": "x"}, tmp_path).redis_url == "redis://z:6379/0"


def test_running_services_are_found(tmp_path: Path) -> None:
    announce(tmp_path / "kept", os.getpid())
    settings = load_settings({"HEADRACE_DATA_DIR": "kept"}, tmp_path)
    assert {name: getattr(settings, name) for name in SERVICES} == SERVICES


def test_what_is_given_wins_over_running_services(tmp_path: Path) -> None:
    announce(tmp_path / ".headrace", os.getpid())
    settings = load_settings({"PROJECT_NAME": "x"}, tmp_path, database_url="postgresql://db/mine")
    assert settings.redis_url == "redis://x_redis:6379/0"
    assert settings.database_url == settings.migrate_database_url == "postgresql://db/mine"
    assert settings.api_url == SERVICES["api_url"]


@pytest.mark.parametrize("pid", [None, -1, "1", 10**30, "ended"])
def test_services_without_a_live_owner_are_not_used(tmp_path: Path, pid: object) -> None:
    announce(tmp_path / ".headrace", ended_pid() if pid == "ended" else pid)
    assert load_settings({}, tmp_path).redis_url == "redis://localhost:6379/0"


def test_a_child_gets_a_setting_once(tmp_path: Path) -> None:
    environ = {"HEADRACE_REDIS_URL_FILE": "secret", "HOME": "here"}
    child = child_environment({"redis_url": "redis://y:6379/0"}, environ)
    assert child == {"HOME": "here", "HEADRACE_REDIS_URL": "redis://y:6379/0"}


def test_the_public_function_follows_the_process(tmp_path: Path) -> None:
    program = "from headrace.settings import get_redis_url, get_settings\n"
    program += "print(get_redis_url(), get_settings() is get_settings())"
    environ = {"PROJECT_NAME": "x", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program]
    output = subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True, text=True)
    assert output.stdout.split() == ["redis://x_redis:6379/0", "True"]
