"""Schedules that modules declare, and how their mistakes are told."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.domain.timing import Timing
from headrace.engine import EventSchema, Pipeline, PipelineRegistry
from headrace.errors import PipelineInvalid

HERE = Path(__file__).name

SETTINGS = "catch_up, most_caught_up, overlap, jitter, starts_at, ends_at"


class FeedDue(EventSchema, type="feed.due", match="url"):
    url: str
    depth: int = 1


@pytest.fixture
def feeds() -> Pipeline:
    return Pipeline("feeds", FeedDue)


def mistakes() -> list[str]:
    with pytest.raises(PipelineInvalid) as caught:
        PipelineRegistry.check()
    return list(caught.value.problems)


def test_a_function_says_what_recurs_and_its_name_is_the_schedules(feeds: Pipeline) -> None:
    @feeds.every("15m", overlap="skip", queue="slow")
    def poll() -> FeedDue:
        return FeedDue(url="https://example.org/feed")

    PipelineRegistry.check()
    [schedule] = PipelineRegistry.schedules()
    assert (schedule.name, schedule.type, schedule.queue) == ("poll", "feed.due", "slow")
    assert schedule.match_key == "https://example.org/feed"
    assert schedule.body == b'{"type":"feed.due","url":"https://example.org/feed","depth":1}'
    assert schedule.timing == Timing.model_validate({"every": "15m", "overlap": "skip"})
    assert poll().depth == 1


def test_members_may_be_a_dict_and_the_type_is_known(feeds: Pipeline) -> None:
    @feeds.cron("0 9 * * MON-FRI", timezone="Europe/Berlin", name="poll.mornings")
    def poll() -> dict[str, str]:
        return {"url": "https://example.org/feed"}

    PipelineRegistry.check()
    [schedule] = PipelineRegistry.schedules()
    assert (schedule.name, schedule.body) == ("poll.mornings", b'{"type":"feed.due","url":"https://example.org/feed"}')
    assert schedule.timing.timezone == "Europe/Berlin"


def test_an_event_without_members_needs_none_to_be_returned() -> None:
    pipeline = Pipeline("anything", EventSchema)

    @pipeline.every(90)
    def nothing() -> None:
        """The type alone."""

    PipelineRegistry.check()
    assert PipelineRegistry.schedules()[0].body == b'{"type":"event"}'


def test_all_mistakes_are_told_at_once_with_their_places(feeds: Pipeline) -> None:
    @feeds.every("0s", overlapp="skip")  # type: ignore[call-arg]
    def too_often() -> dict[str, str]:
        return {"url": "https://example.org"}

    @feeds.cron("0 0 30 2 *")
    def never() -> dict[str, str]:
        return {"url": "https://example.org"}

    @feeds.cron("@reboot", timezone="Mars/Olympus")
    def nowhere() -> dict[str, str]:
        return {"url": "https://example.org"}

    @feeds.every("1h")
    def misfit() -> dict[str, int]:
        return {"depth": 1}

    @feeds.every("1h")
    def number() -> int:
        return 17

    @feeds.every("1h")
    def raising() -> dict[str, str]:
        raise LookupError("no such feed")

    @feeds.every("1h")
    def misfit_of_its_class() -> FeedDue:
        return FeedDue()  # type: ignore[call-arg]

    @feeds.every("1h")
    async def later() -> FeedDue:
        return FeedDue(url="https://example.org")

    found = mistakes()

    assert [re.sub(r" at .*test_scheduling\.py:\d+", "", each) for each in found] == [
        "schedule 'too_often': every: must be from 1 second to 3660 days",
        f"schedule 'too_often': overlapp: is no setting of a schedule; there are {SETTINGS}",
        "schedule 'never': cron: is no cron expression (minute hour day month weekday): bad day-of-month",
        "schedule 'nowhere': cron: is no cron expression (minute hour day month weekday): wrong number of fields",
        "schedule 'nowhere': timezone: is no time zone, as Europe/Berlin",
        "schedule 'misfit': /url: Field required",
        "schedule 'number': the event: its function has to return a FeedDue, a dict or None",
        "schedule 'raising': its function raised LookupError: no such feed",
        "schedule 'misfit_of_its_class': /url: Field required",
        "schedule 'later': the event: its function has to be a plain `def`",
    ]
    lines = [
        line for line, text in enumerate(Path(__file__).read_text().splitlines(), 1) if '@feeds.every("0s"' in text
    ]
    assert f"{HERE}:{lines[0]}: " in found[0]


def test_a_name_is_told_that_no_schedule_may_have(feeds: Pipeline) -> None:
    @feeds.every("1h", name="a name")
    def poll() -> dict[str, str]:
        return {"url": "https://example.org"}

    [told] = mistakes()
    assert told.endswith("its name has 1 to 100 letters, digits, '.', '_' and '-'; give one by name=")


def test_two_of_one_name_are_told_with_both_places(feeds: Pipeline) -> None:
    for _ in range(2):

        @feeds.every("1h")
        def poll() -> dict[str, str]:
            return {"url": "https://example.org"}

    [told] = mistakes()
    assert re.fullmatch(
        r"schedule 'poll' is declared 2 times, at \S+:\d+, \S+:\d+; rename the others, or give name=", told
    )


def test_a_registry_of_its_own_has_no_schedules(feeds: Pipeline) -> None:
    @feeds.every("1h")
    def poll() -> dict[str, str]:
        return {"url": "https://example.org"}

    with PipelineRegistry.isolated():
        assert PipelineRegistry.schedules() == []
    assert len(PipelineRegistry.schedules()) == 1


def test_a_decorator_without_a_time_is_refused_at_once(feeds: Pipeline) -> None:
    with pytest.raises(TypeError, match=r'a schedule says when, as in @pipeline\.every\("15m"\)'):

        @feeds.every  # type: ignore[arg-type]
        def poll() -> FeedDue:
            return FeedDue(url="https://example.org")


def test_times_may_be_pythons_own(feeds: Pipeline) -> None:
    @feeds.every(timedelta(minutes=15), starts_at=datetime(2030, 1, 31, tzinfo=UTC), jitter=timedelta(seconds=30))
    def poll() -> FeedDue:
        return FeedDue(url="https://example.org")

    PipelineRegistry.check()
    written = {"every": "15m", "starts_at": "2030-01-31T00:00:00Z", "jitter": "30s"}
    assert PipelineRegistry.schedules()[0].timing == Timing.model_validate(written)


def test_a_time_of_pythons_without_a_zone_is_told(feeds: Pipeline) -> None:
    @feeds.every("15m", ends_at=datetime(2030, 1, 31))  # noqa: DTZ001
    def poll() -> FeedDue:
        return FeedDue(url="https://example.org")

    assert "ends_at: " in mistakes()[0]
