from pathlib import Path

import pytest

from headrace.errors import ConfigurationError
from headrace.settings import mask, read_secret, secret_problem


def test_a_secret_is_a_variable_or_a_file_in_the_environment_or_in_a_dotenv(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(" from-a-file\n")
    (tmp_path / ".env").write_text("TOKEN=from-dotenv\nOTHER_FILE=token\n")
    assert read_secret("TOKEN", {"TOKEN": "from-the-environment"}, tmp_path) == "from-the-environment"
    assert read_secret("TOKEN", {"TOKEN_FILE": "token"}, tmp_path) == "from-a-file"
    assert read_secret("TOKEN", {"TOKEN": " "}, tmp_path) == "from-dotenv"
    assert read_secret("OTHER", {}, tmp_path) == "from-a-file"
    assert read_secret("ABSENT", {}, tmp_path) is None


def test_the_environment_and_the_folder_are_those_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SECOND=of-the-current-folder\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIRST", "of-the-process")
    assert read_secret("FIRST") == "of-the-process"
    assert read_secret("SECOND") == "of-the-current-folder"


def test_what_was_read_is_masked_from_then_on(tmp_path: Path) -> None:
    value = "never-seen-before"
    assert mask(value) == value
    assert read_secret("TOKEN", {"TOKEN": f" {value} "}, tmp_path) == f" {value} "
    assert mask(f"it is {value}!") == "it is ***!"


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "the secret TOKEN is missing: set TOKEN, or TOKEN_FILE to the path of a file that holds it"),
        ({"TOKEN": "1234567"}, "the secret TOKEN cannot be masked: give one of 8 or more characters"),
        ({"TOKEN": "12345678", "TOKEN_FILE": "x"}, "TOKEN_FILE in the environment: TOKEN is given too, remove one of"),
        ({"TOKEN_FILE": "absent"}, "TOKEN_FILE in the environment: {folder}/absent cannot be read"),
    ],
)
def test_a_secret_that_cannot_be_used_is_told_without_its_value(
    tmp_path: Path, environ: dict[str, str], problem: str
) -> None:
    told = secret_problem("TOKEN", environ, tmp_path)
    assert told is not None
    assert told.startswith(problem.format(folder=tmp_path))
    assert "1234" not in told


def test_a_good_secret_has_no_problem(tmp_path: Path) -> None:
    assert secret_problem("TOKEN", {"TOKEN": "12-345-6"}, tmp_path) is None


def test_a_file_that_cannot_be_read_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TOKEN=\xff")
    with pytest.raises(ConfigurationError, match=r"\.env is not text in UTF-8"):
        read_secret("TOKEN", {}, tmp_path)
