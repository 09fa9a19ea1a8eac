"""What `headrace status` says of what was found."""

from dataclasses import replace
from datetime import UTC, datetime

from headrace.bootstrap.status import Status
from headrace.broker.health import RedisView
from headrace.cli.showing.situation import situation_of
from headrace.cli.showing.status import status_lines
from headrace.domain.ids import new_id
from headrace.flow.read.overview import Overview
from headrace.store.overview import Leader, ProcessView, RunGroup, ServerUse
from headrace.store.pausing import PausedTarget, Scope, Target
from headrace.store.server import REVISION, ServerFacts

SERVER = ServerFacts(180_006, "18.6", "on", "on", "", 97, is_read_only=False, revision=REVISION)

WORKER = ProcessView(
    new_id(), "worker", "web-1", 7, "r1", ["default"], 7, True, 3700.0, 1.5, {"resident_bytes": 90_400_000}, 3
)

CALM = Overview(
    server=SERVER,
    use=ServerUse(connections=9, partition_days=18.1, default_rows=0),
    sums={"accepted": 12, "succeeded": 9},
    runs=[RunGroup("running", None, "order", 3, 2.0, 0, 0.0, 0)],
    paused=[],
    processes=[WORKER],
    leader=Leader("web-1", 6, 86_400.0),
)

REDIS = RedisView(answers=True, lengths={"default": 4})


def told(overview: Overview | None, problem: str | None = None, redis: RedisView = REDIS) -> str:
    lines = status_lines(situation_of(Status(overview, problem, redis)))
    return "\n".join(line.plain.rstrip() for line in lines)


def advice(overview: Overview) -> list[str]:
    found: list[str] = situation_of(Status(overview, None, REDIS))["advice"]
    return found


def test_a_calm_installation_fits_on_a_screen_and_asks_for_nothing() -> None:
    assert (
        told(CALM)
        == """\
database  writable
  PostgreSQL 18.6, schema 0001, 9 of 97 connections, partitions for 18.1 days, 0 rows outside of them
redis  answers
  messages by queue: default 4
relay  web-1, process 6 leads since 1 d

Events
  12 accepted, 9 succeeded, 0 failed, 0 cancelled, 3 unfinished
  running                            3  the oldest since 2 s

Processes
  worker  web-1/7  release r1  3 runs  queues default  90 MB  heard 1.5 s ago  up 1 h 1 min"""
    )


def test_types_that_are_due_are_listed_the_oldest_first() -> None:
    runs = [
        RunGroup("queued", None, "new", 5, 9.0, 5, 9.0, 0),
        RunGroup("queued", None, "old", 2, 300.0, 2, 300.0, 0),
        RunGroup("waiting", "retry", "old", 4, 400.0, 1, 100.0, 2),
    ]

    text = told(replace(CALM, runs=runs))

    assert "  old  3 due  for 5 min\n  new  5 due  for 9 s" in text
    assert "  2 retries within an hour" in text
    assert any("headrace verify" in each for each in advice(replace(CALM, runs=runs)))


def test_what_is_held_back_is_told_with_the_command_that_lets_it_go() -> None:
    paused = [
        PausedTarget(Target(Scope.ALL), datetime(2026, 11, 25, 18, tzinfo=UTC), "cli:me@web-1"),
        PausedTarget(Target(Scope.TYPE, "order"), datetime(2026, 11, 25, 18, tzinfo=UTC), "api"),
    ]
    runs = [RunGroup("waiting", "no-pipeline", "odd\x1b[2J", 70, 5.0, 0, 0.0, 0)]

    text = told(replace(CALM, paused=paused, runs=runs))

    assert "  everything  since 2026-11-25T18:00:00+00:00  by cli:me@web-1" in text
    assert "headrace resume --all" in text
    assert "headrace resume --type order" in text
    assert "headrace events cancel --reason no-pipeline" in text
    assert "\x1b" not in text


def test_missing_and_dead_processes_are_told_first() -> None:
    dead = replace(WORKER, alive=False)

    found = advice(replace(CALM, processes=[dead], leader=None, sums={"accepted": 5, "failed": 5}))

    assert [each.rpartition(": ")[2] for each in found[:2]] == ["headrace worker", "headrace verify"]
    assert "headrace events list --state failed" in found[2]
    assert "headrace relay" in advice(replace(CALM, leader=None))[0]
    assert "worker (dead)" in told(replace(CALM, processes=[dead]))


def test_a_server_near_its_limits_is_told() -> None:
    scarce = ServerUse(connections=90, partition_days=2.0, default_rows=7)

    found = " ".join(advice(replace(CALM, use=scarce)))

    assert "headrace check" in found
    assert "Partitions are not made ahead" in found
    assert "headrace verify" in found


def test_without_a_database_redis_is_told_and_without_redis_the_rest() -> None:
    away = RedisView(answers=False, problem="does not answer (TimeoutError)")

    assert told(None, "The database cannot be used.").startswith(
        "database  The database cannot be used.\nredis  answers"
    )
    assert "headrace check" in told(None, "The database cannot be used.")
    assert "redis  does not answer" in told(CALM, redis=away)
    assert "12 accepted" in told(CALM, redis=away)
