from pathlib import Path

import pytest

from headrace.demo.folder import MARK, empty_folder
from headrace.errors import ConfigurationError


def test_a_folder_that_does_not_exist_is_made(tmp_path: Path) -> None:
    empty_folder(tmp_path / "deep" / "demo")
    assert {path.name for path in (tmp_path / "deep" / "demo").iterdir()} == {MARK, "lock"}


def test_what_an_earlier_demo_left_is_removed(tmp_path: Path) -> None:
    empty_folder(tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api.log").touch()
    (tmp_path / "ports.json").touch()
    empty_folder(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {MARK, "lock"}


def test_a_folder_of_anybody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ConfigurationError) as caught:
        empty_folder(tmp_path)
    assert "--data-dir" in caught.value.problems[0]
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.txt"}
