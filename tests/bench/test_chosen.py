from bench.__main__ import chosen
from bench.options import parse


def titles(*words: str, absent: dict[str, list[str]] | None = None) -> list[str]:
    return [trial.title for trial in chosen(parse(words), absent or {})]


def test_every_row_has_a_trial_of_headrace() -> None:
    made = titles()
    for row in parse([]).rows:
        assert any(title.startswith(f"{row} · headrace") for title in made), row


def test_only_the_systems_asked_for_are_measured() -> None:
    assert titles("--rows", "process", "--systems", "documented") == [
        "process · documented · 450 bytes",
        "process · documented · webhooks",
    ]


def test_a_system_that_is_not_installed_is_left_out() -> None:
    assert not [title for title in titles(absent={"documented": ["celery"]}) if "documented" in title]


def test_a_quick_run_leaves_out_what_no_goal_needs() -> None:
    assert len(titles("--quick")) < len(titles())
