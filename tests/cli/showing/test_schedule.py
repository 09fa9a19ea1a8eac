"""Schedules for people."""

from typing import Any

from headrace.cli.showing.schedule import list_lines, schedule_lines, when

DIGEST: dict[str, Any] = {
    "name": "digest",
    "cron": "0 9 * * MON-FRI",
    "timezone": "Europe/Berlin",
    "type": "digest.due",
    "queue": "default",
    "event": {"type": "digest.due"},
    "paused_at": None,
    "app": None,
    "vanished_at": None,
    "next": ["2026-11-30T08:00:00Z", "2026-12-01T08:00:00Z"],
    "runs": [
        {"tick": "2026-11-27T08:00:00Z", "id": "01a20ab1-0140-7255-9087-0ef8d34e3fa5", "state": "succeeded"},
        {"tick": "2026-11-26T08:00:00Z", "id": "01a20ab1-0140-7255-9087-0ef8d34e3fa6", "state": None},
    ],
}


def whole(**members: Any) -> str:
    return "\n".join(line.plain for line in schedule_lines({**DIGEST, **members}))


def test_a_schedule_is_told_with_its_ticks_and_what_became_of_them() -> None:
    assert (
        whole()
        == """\
digest  0 9 * * MON-FRI (Europe/Berlin)  digest.due
  event  {"type":"digest.due"}

next
  2026-11-30 08:00:00.000Z
  2026-12-01 08:00:00.000Z

runs
  2026-11-27 08:00:00.000Z  01a20ab1-0140-7255-9087-0ef8d34e3fa5  succeeded
  2026-11-26 08:00:00.000Z  01a20ab1-0140-7255-9087-0ef8d34e3fa6  gone"""
    )


def test_what_differs_from_the_defaults_is_told() -> None:
    told = whole(overlap="skip", jitter=30.0, queue="slow", paused_at="2026-11-29T10:00:00Z", next=[], runs=[])
    for line in ("overlap", "skip", "jitter", "30 s", "queue", "slow", "paused since 2026-11-29 10:00:00.000Z"):
        assert line in told


def test_what_a_program_declares_says_so() -> None:
    assert "\ndeclared by feeds\n" in whole(app="feeds")
    told = whole(app="feeds", vanished_at="2026-11-29T10:00:00Z", next=[], runs=[])
    assert "declared by feeds no more since 2026-11-29 10:00:00.000Z: it fires nothing, and can be deleted" in told
    assert "\nnext" not in told


def test_each_recurrence_has_its_words() -> None:
    assert when({"cron": "* * * * *"}) == "* * * * * (UTC)"
    assert when({"every": 900.0}) == "every 15 min"
    assert when({"every": 900.0, "from": "finish"}) == "every 15 min after each finish"
    assert when({"at": "2030-01-31T18:00:00Z"}) == "once, 2030-01-31 18:00:00.000Z"


def test_a_list_says_what_is_next() -> None:
    lines = [
        line.plain
        for line in list_lines(
            [
                DIGEST,
                {**DIGEST, "paused_at": DIGEST["next"][0]},
                {**DIGEST, "vanished_at": DIGEST["next"][0]},
                {**DIGEST, "next": []},
                {**DIGEST, "every": 900.0, "from": "finish", "next": []},
            ]
        )
    ]
    assert [line.split("digest.due")[1].strip() for line in lines] == [
        "next 2026-11-30 08:00:00.000Z",
        "paused",
        "declared no more",
        "no more ticks",
        "next after its last event is finished",
    ]
