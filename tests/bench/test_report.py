import orjson

from bench.report import Report, as_table, short
from bench.rows.accept import SINGLE
from tests.bench.figures import tried

ABOUT = {
    "cores": 2,
    "memory_bytes": 8 * 2**30,
    "system": "Linux",
    "python": "CPython 3.11",
    "postgresql": "18.6",
    "valkey": "9.1.2",
    "load_average": 0.1,
    "date": "2026-11-26T00:00:00+00:00",
    "commit": "abc",
    "command": ["python", "-m", "bench"],
    "versions": {"celery": "5.7.0", "pgqueuer": None},
}


def test_the_ratios_come_first_and_every_figure_after_them() -> None:
    told = Report([tried(SINGLE, "headrace", 3_600, 3_000), tried(SINGLE, "documented", 250)], ABOUT).as_markdown()
    assert "| accept, single POSTs, against documented | 450 bytes | 13.2 × | ≥ 12 × | met |" in told
    assert "| accept, single POSTs | 450 bytes | headrace | 13.2 × | 3,300 | 3,000 to 3,600 | events/s |" in told
    assert told.index("13.2 × | ≥") < told.index("3,000 to")
    assert "celery 5.7.0" in told
    assert "pgqueuer" not in told


def test_a_void_run_says_so_at_once() -> None:
    told = Report([tried(SINGLE, "documented", 100)], ABOUT).as_markdown()
    assert told.startswith("**This run is void.** accept, single POSTs: documented reached 100 events/s, below 200.")


def test_what_went_wrong_is_told() -> None:
    told = Report([tried(SINGLE, "headrace", 3_000, void=True)], ABOUT)
    assert "- row · headrace, round 2: Void: a result is wrong" in told.as_markdown()
    assert "| void |" in told.as_markdown()
    assert orjson.loads(told.as_json())["troubles"][0]["void"] is True


def test_json_holds_every_raw_figure() -> None:
    told = orjson.loads(Report([tried(SINGLE, "headrace", 3, 1, 2)], ABOUT).as_json())
    assert told["figures"][0]["rounds"] == [3, 1, 2]
    assert told["figures"][0]["median"] == 2
    assert told["about"]["command"] == ["python", "-m", "bench"]


def test_a_table_is_markdown() -> None:
    assert as_table(["a", "b"], "lr", [["1", "2"]]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"


def test_figures_are_short() -> None:
    assert [short(value) for value in (0.01234, 12.345, 99.9, 12_345.6)] == ["0.0123", "12.3", "99.9", "12,346"]
