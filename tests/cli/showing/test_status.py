"""What `headrace status` says of what was found."""

from dataclasses import replace
from datetime import UTC, datetime

from headrace.bootstrap.status import Status
from headrace.broker.health import RedisView
from headrace.cli.showing.situation import situation_of
from headrace.cli.showing.status import status_lines
from headrace.domain.ids import new_id
from headrace.flow.read.lag import CopyLag
from headrace.flow.read.overview import Overview
from headrace.store.overview import Leader, ProcessView, RunGroup, ServerUse, Survey, TypeGroup
from headrace.store.pausing import PausedTarget, Scope, Target
from headrace.store.schedule_survey import ScheduleSurvey, UnservedSchedule
from headrace.store.server import REVISION, ServerFacts

SERVER = ServerFacts(180_006, "18.6", "on", "on", "", 97, is_read_only=False, revision=REVISION)

WORKER = ProcessView(
    new_id(),
    "worker",
    "web-1",
    7,
    "r1",
    ["default"],
    7,
    True,
    3700.0,
    1.5,
    {"resident_bytes": 90_400_000},
    3,
    [TypeGroup("order", 2, 130.0), TypeGroup("mail", 1, 2.0)],
)

CALM = Overview(
    server=SERVER,
    use=ServerUse(connections=9, partition_days=18.1, default_rows=0),
    sums={"accepted": 12, "succeeded": 9},
    runs=Survey([RunGroup("running", None, 3, 2.0)], [], [], {}),
    paused=[],
    processes=[WORKER],
    leader=Leader("web-1", 6, 86_400.0),
)

REDIS = RedisView(answers=True, lengths={"default": 4})


def told(overview: Overview | None, problem: str | None = None, redis: RedisView = REDIS) -> str:
    lines = status_lines(situation_of(Status(overview, problem, redis)))
    return "\n".join(line.plain.rstrip() for line in lines)


def advice(overview: Overview, problem: str | None = None, redis: RedisView = REDIS) -> list[str]:
    found: list[str] = situation_of(Status(overview, problem, redis))["advice"]
    return found


def test_a_calm_installation_fits_on_a_screen_and_asks_for_nothing() -> None:
    assert (
        told(CALM)
        == """\
database  writable
  PostgreSQL 18.6, schema 0002, 9 of 97 connections, partitions for 18.1 days, 0 rows outside of them
redis  answers
  messages by queue: default 4
relay  web-1, process 6 leads since 1 d

Events
  12 accepted, 9 succeeded, 0 failed, 0 cancelled, 0 erased, 3 unfinished
  running                            3  the oldest since 2 s

Processes
  worker  web-1/7  release r1  3 runs  queues default  90 MB  heard 1.5 s ago  up 1 h 1 min
  web-1/7 holds 2 order, 1 mail; the first for 2 min 10 s
  see what runs, through the API: headrace events list --state running"""
    )


def test_types_that_are_due_are_listed_the_oldest_first() -> None:
    groups = [RunGroup("queued", None, 7, 300.0, due=7), RunGroup("waiting", "retry", 5, 400.0, 0, 2, 75.0)]
    runs = Survey(groups, [TypeGroup("old", 3, 300.0), TypeGroup("new", 5, 9.0)], [], {})

    text = told(replace(CALM, runs=runs))

    assert "  old  3 due  for 5 min\n  new  5 due  for 9 s" in text
    assert "  2 retries within an hour, the next in 1 min 15 s" in text
    assert "headrace events retry-now --reason retry --dry-run" in text
    assert any("headrace verify" in each for each in advice(replace(CALM, runs=runs)))


def test_what_is_due_for_long_is_told_also_while_something_else_is_paused() -> None:
    other = [PausedTarget(Target(Scope.TYPE, "other"), datetime(2026, 11, 25, 18, tzinfo=UTC), "api")]
    late = Survey([], [TypeGroup("old", 2, 300.0)], [], {})

    assert any("Runs are due for long" in each for each in advice(replace(CALM, runs=late, paused=other)))


def test_what_is_held_back_is_told_with_the_command_that_lets_it_go() -> None:
    paused = [
        PausedTarget(Target(Scope.ALL), datetime(2026, 11, 25, 18, tzinfo=UTC), "cli:me@web-1"),
        PausedTarget(Target(Scope.TYPE, "order"), datetime(2026, 11, 25, 18, tzinfo=UTC), "api"),
        PausedTarget(Target(Scope.TYPE, "a;b"), datetime(2026, 11, 25, 18, tzinfo=UTC), "api"),
    ]
    runs = Survey([], [], [TypeGroup("odd\x1b[2J", 70, 5.0, "no-pipeline")], {})

    text = told(replace(CALM, paused=paused, runs=runs))

    assert "  everything  since 2026-11-25T18:00:00+00:00  by cli:me@web-1" in text
    assert "headrace resume --all" in text
    assert "headrace resume --type order" in text
    assert "headrace resume --type 'a;b'" in text
    assert "\x1b" not in text


def test_of_what_is_parked_the_way_to_see_it_comes_first_and_giving_it_up_last() -> None:
    parked = [
        TypeGroup("order", 1, 5.0, "newer-release"),
        TypeGroup("few", 1, 5.0, "no-pipeline"),
        TypeGroup("many", 70, 5.0, "no-pipeline"),
    ]

    newer, none = advice(replace(CALM, runs=Survey([], [], parked, {})))

    assert newer == (
        "Runs wait (newer-release). See them, through the API: headrace events list --state waiting --type order; "
        "update the workers: they run by themselves"
    )
    look, cancel = "headrace events list --state waiting --type many", "headrace events cancel --reason no-pipeline"
    assert none.index(look) < none.index("deploy a pipeline that fits: they run by themselves") < none.index(cancel)


def test_a_search_copy_that_keeps_up_is_not_spoken_of() -> None:
    calm = replace(CALM, search=CopyLag("elasticsearch", 20_000, 59.0, 0))

    assert told(calm) == told(CALM)
    assert advice(calm) == []


def test_a_search_copy_that_is_late_or_refuses_something_is_told_with_what_to_do() -> None:
    late = replace(CALM, search=CopyLag("elasticsearch", 100_000, 200.0, 0))
    refusing = replace(CALM, search=CopyLag("elasticsearch", 0, 0.0, 3))

    assert "search  elasticsearch: 100,000 or more entries wait, the oldest for 3 min 20 s\n" in told(late)
    assert [each.partition(",")[0] for each in advice(late)] == ["The search copy is behind"]
    assert "search  elasticsearch: 3 refused\n" in told(refusing)
    assert advice(refusing) == ["The search copy refuses entries. See why: headrace index refusals"]


def test_missing_and_dead_processes_are_told_first() -> None:
    dead = replace(WORKER, alive=False)

    found = advice(replace(CALM, processes=[dead], leader=None, sums={"accepted": 5, "failed": 5}))

    assert [each.rpartition(": ")[2] for each in found[:2]] == ["headrace worker", "headrace verify"]
    assert "headrace events list --state failed" in found[2]
    assert "headrace relay" in advice(replace(CALM, leader=None))[0]
    assert "worker (dead)" in told(replace(CALM, processes=[dead]))


def test_a_server_near_its_limits_is_told() -> None:
    scarce = ServerUse(connections=90, partition_days=2.0, default_rows=7)

    connections, partitions, rows = advice(replace(CALM, use=scarce))

    assert connections == "Connections are scarce. See who may open how many: headrace check"
    assert "Partitions are not made ahead" in partitions
    assert "headrace verify" in rows
    assert advice(replace(CALM, use=replace(scarce, connections=87, partition_days=7.0, default_rows=0))) == []


def test_without_a_database_redis_is_told_and_without_redis_the_rest() -> None:
    away = RedisView(answers=False, problem="does not answer (TimeoutError)")

    assert told(None, "The database cannot be used.").startswith(
        "database  The database cannot be used.\nredis  answers"
    )
    assert "headrace check" in told(None, "The database cannot be used.")
    assert "redis  does not answer" in told(CALM, redis=away)
    assert "12 accepted" in told(CALM, redis=away)
    assert advice(CALM, redis=away) == ["Redis does not answer (TimeoutError). See HEADRACE_REDIS_URL: headrace check"]
    assert advice(CALM, "The server is read-only.") == ["The server is read-only. All problems: headrace check"]


def test_schedules_are_counted_and_the_next_one_told() -> None:
    calm = replace(CALM, schedules=ScheduleSurvey(12, paused=1, due_seconds=-180.4))

    assert "\nSchedules\n  12 schedules, 1 paused, the next in 3 min\n" in told(calm)
    assert advice(calm) == []


def test_a_schedule_that_is_due_for_long_or_that_nobody_serves_is_to_be_looked_at() -> None:
    unserved = [UnservedSchedule("digest", "digest.due", "slow")]
    troubled = replace(CALM, schedules=ScheduleSurvey(1, vanished=1, due_seconds=90.0, unserved=unserved))

    assert "  1 schedule, 1 declared no more, one is due for 1 min 30 s" in told(troubled)
    assert [each.partition(":")[0] for each in advice(troubled)] == [
        "A schedule is due for long. The leading relay fires it; its log says what hinders it",
        "No worker takes what the schedule digest sends, digest.due in the queue slow",
    ]
