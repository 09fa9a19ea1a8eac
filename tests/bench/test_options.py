from pathlib import Path

import pytest

from bench.options import parse
from bench.trials import FULL, QUICK


def test_a_whole_run_has_three_rounds_of_everything() -> None:
    options = parse([])
    assert (options.rounds, options.scale, options.systems) == (3, FULL, None)


def test_a_quick_run_has_one_short_round() -> None:
    assert (parse(["--quick"]).rounds, parse(["--quick"]).scale) == (1, QUICK)


def test_rows_and_systems_can_be_chosen() -> None:
    options = parse(["--rows", "accept,process", "--systems", "headrace", "--rounds", "5", "--json", "x.json"])
    assert (options.rows, options.systems, options.rounds) == (["accept", "process"], ["headrace"], 5)
    assert options.json == Path("x.json")


def test_a_row_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--rows", "accpet"])
    assert "no row is called accpet" in capsys.readouterr().err
