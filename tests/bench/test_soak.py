"""What a soak says of its samples."""

from dataclasses import replace

from bench.soak.growth import CURVES, as_markdown, quarters
from bench.soak.samples import Sample

SAMPLE = Sample(
    seconds=0,
    finished=300,
    unfinished=20,
    p99_milliseconds=12,
    dead_rows=1000,
    table_megabytes={"runs": 2.0, "waits": 0.5},
    connections=20,
    api_megabytes=90,
    worker_megabytes=80,
)


def test_what_is_compared_is_the_second_quarter_with_the_last() -> None:
    samples = [replace(SAMPLE, seconds=number, dead_rows=number * 100) for number in range(8)]

    assert quarters(samples, CURVES["dead rows"]) == (250, 650)


def test_the_tables_of_work_under_way_are_added_up() -> None:
    assert "| tables of work under way, MB | 2.5 | 2.5 | 2.5 |" in as_markdown([SAMPLE] * 4)
