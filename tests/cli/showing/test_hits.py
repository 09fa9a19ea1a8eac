"""Hits and facets, as a terminal shows them."""

from typing import Any

from rich.text import Text

from headrace.cli.showing.hits import facet_lines, hit_lines, remarks

HIT: dict[str, Any] = {
    "id": "01a20ab1-0140-7255-9087-0ef8d34e3fa5",
    "type": "order.paid",
    "state": "failed",
    "reason": "node-failed",
    "created_at": "2026-11-29T10:00:00.123Z",
    "highlights": [{"path": "payload.note", "text": "a lost\nparcel\x1b[31m", "spans": [[2, 6], [7, 13]]}],
}

PAGE: dict[str, Any] = {
    "hits": [HIT],
    "total": 1,
    "total_is_exact": True,
    "facets": None,
    "copy": {"name": "elasticsearch", "fallback": False, "waiting": 0, "seconds": 0.0},
    "next_cursor": None,
}


def bold_parts(line: Text) -> list[str]:
    return [line.plain[span.start : span.end] for span in line.spans if span.style == "bold"]


def test_a_hit_has_a_line_and_one_for_each_place_with_what_was_sought_in_bold() -> None:
    head, place = hit_lines(HIT)
    assert head.plain.startswith(f"{HIT['id']}  2026-11-29T10:00:00Z  order.paid ")
    assert head.plain.endswith("failed (node-failed)")
    assert place.plain == "    payload.note: a lost parcel\N{REPLACEMENT CHARACTER}[31m"
    assert bold_parts(place) == ["lost", "parcel"]


def test_facets_are_told_the_most_frequent_first_and_days_in_order() -> None:
    facets = {
        "counted": 5,
        "complete": True,
        "types": {"a": 1, "b": 4},
        "states": {},
        "days": {"2026-11-02": 1, "2026-11-01": 4},
    }
    lines = [line.plain.split() for line in facet_lines(facets)]
    assert lines == [["types"], ["b", "4"], ["a", "1"], ["days"], ["2026-11-01", "4"], ["2026-11-02", "1"]]


def test_facets_that_are_not_of_all_hits_say_so() -> None:
    facets = {"counted": 10_000, "complete": False, "types": {}, "states": {}, "days": {}}
    [line] = facet_lines(facets)
    assert "newest 10,000 hits; there are more" in line.plain


def test_remarks_say_how_many_where_and_what_is_not_known_there_yet() -> None:
    assert list(remarks(PAGE)) == ["1 hit, in Elasticsearch."]
    behind = {"name": "postgres", "fallback": True, "waiting": 3, "seconds": 90.0}
    told = list(remarks({**PAGE, "total": 10_000, "total_is_exact": False, "copy": behind, "next_cursor": "c"}))
    assert told == [
        "10,000 hits or more, in PostgreSQL, the beginning of each event's text.",
        "3 finished events cannot be found yet, one of them for 1 min 30 s.",
        "There may be more: --cursor c",
    ]
