from typing import Any

import pytest

from headrace.domain.nodes import metadata_of, node_name, nodes_of

BEGIN, MIDDLE, END = "2026-11-25T18:00:00Z", "2026-11-25T18:00:00.5Z", "2026-11-25T18:00:01Z"


def kept(node: str, item: int | None = None, begin: str = BEGIN, end: str = END) -> dict[str, Any]:
    return {"node": node, "item": item, "times": {"state": "succeeded", "started_at": begin, "finished_at": end}}


def test_a_finished_run_tells_its_nodes_itself() -> None:
    nodes = {"classify": {"state": "succeeded"}, "reply": {"state": "failed"}}
    assert nodes_of({"metadata": {"nodes": nodes}}, [], []) == nodes


@pytest.mark.parametrize(
    "stored", [[], 1, {}, {"metadata": 1}, {"metadata": {"nodes": 1}}, {"metadata": {"nodes": {"a": 1}}}]
)
def test_what_a_task_of_the_users_own_stored_may_be_anything(stored: Any) -> None:
    assert nodes_of(stored, [], []) == {}
    assert isinstance(dict(metadata_of(stored)), dict)


def test_an_unfinished_run_has_what_is_kept_and_what_waits() -> None:
    nodes = nodes_of(None, [kept("classify")], [{"node": "nap"}, {"node": "each[3]"}])
    assert {name: node["state"] for name, node in nodes.items()} == {
        "classify": "succeeded",
        "nap": "waiting",
        "each": "waiting",
    }


def test_a_map_has_begun_with_its_first_item_and_is_done_with_the_whole() -> None:
    items = [kept("each", 4, MIDDLE, END), kept("each", 0, BEGIN, MIDDLE)]
    assert nodes_of(None, items, [])["each"] == {
        "state": "begun",
        "started_at": BEGIN,
        "finished_at": END,
        "items": {"done": 2},
    }
    assert nodes_of(None, [*items, kept("each")], [])["each"]["state"] == "succeeded"


def test_an_item_has_the_name_of_its_node() -> None:
    assert (node_name("each[3]"), node_name("each")) == ("each", "each")
