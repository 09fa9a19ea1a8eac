"""What the nodes wrote of their calls."""

from pathlib import Path

from chaos.calls import read_calls, reruns, sizes_of
from tests.chaos.invented import BAD, GOOD, call

WRITTEN = (
    '{"call":"7.1","key":"e.1.weigh[0]","intent":"a","node":"weigh","item":0,"attempt":1,"pid":7,"began":2.0}\n'
    '{"call":"7.1","ended":3.0,"raised":null}\n'
    '{"call":"7.2","key":"e.1.way","intent":"a","node":"way","item":null,"attempt":1,"pid":7,"began":4.0}\n'
    '{"call":"7.2","end'
)


def test_calls_are_read_with_their_ends_and_without_a_line_that_a_kill_cut_short(tmp_path: Path) -> None:
    (tmp_path / "7.jsonl").write_text(WRITTEN)
    first, second = read_calls(tmp_path, {})
    assert (first.node, first.item, first.ended) == ("weigh", 0, 3.0)
    assert (second.node, second.ended) == ("way", None)


def test_what_was_written_before_a_round_is_left_out(tmp_path: Path) -> None:
    lines = WRITTEN.splitlines(keepends=True)
    (tmp_path / "7.jsonl").write_text(lines[0])
    before = sizes_of(tmp_path)
    (tmp_path / "7.jsonl").write_text(WRITTEN)
    assert [call.node for call in read_calls(tmp_path, before)] == ["way"]


def test_a_call_after_a_failure_is_a_retry_and_one_after_anything_else_a_rerun() -> None:
    failed = call(BAD, "weigh", "b", raised="ConnectionError")
    assert reruns([failed, failed, failed]) == 0
    assert reruns([call(GOOD, "pack", "a", ended=None), call(GOOD, "pack", "a")]) == 1
    assert reruns([call(GOOD, "pack", "a"), call(GOOD, "pack", "a"), call(GOOD, "ship", "a")]) == 1
