"""When a schedule is due and by which policies, as callers write it and as it is stored."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from headrace.domain.fields import Moment
from headrace.domain.recurrence import Cron, Every, Once, Recurrence
from headrace.domain.ticks import MOST_CAUGHT_UP, UTMOST_CAUGHT_UP, CatchUp, Overlap, Policies

#: What a schedule may be called.
NAME_PATTERN = r"^[A-Za-z0-9._-]{1,100}$"

#: The shortest and the longest interval, and the longest jitter.
LEAST_INTERVAL, LONGEST_INTERVAL, LONGEST_JITTER = timedelta(seconds=1), timedelta(days=3660), timedelta(days=1)

#: Faults that say by themselves what is wrong, without the value at fault.
TELLING_FAULTS = frozenset(
    {"cron", "cron-never", "duration", "ends", "from", "interval", "jitter", "recurrence", "timezone"}
)

#: Whether an expression ever fires is seen from here: none that does takes longer than fifty years.
_START = datetime(2024, 1, 1, tzinfo=UTC)

_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d|)")

_UNITS = {"": "seconds", "ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(given: Any) -> timedelta:
    """The duration of `90s`, `15m`, `2h`, `7d`, of seconds as a number or a text; or given as such.

    Raises PydanticCustomError.
    """
    if isinstance(given, timedelta):
        return given
    try:
        if isinstance(given, str) and (found := _DURATION.fullmatch(given)):
            return timedelta(**{_UNITS[found[2]]: int(found[1])})
        if isinstance(given, int | float) and not isinstance(given, bool) and given >= 0:
            return timedelta(seconds=given)
    except (OverflowError, ValueError):
        pass
    raise PydanticCustomError("duration", "must be a duration, as 90s, 15m, 2h or 7d, or a number of seconds")


_Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(lambda found: found.total_seconds(), return_type=float)
]
_Moment = Annotated[Moment, AfterValidator(lambda found: found.astimezone(UTC))]


class Timing(BaseModel, extra="forbid", frozen=True, populate_by_name=True):
    """One of `cron`, `every` and `at`, and how its ticks are fired."""

    cron: str | None = Field(None, max_length=200)
    timezone: str = "UTC"
    every: _Duration | None = None
    from_: Literal["due", "finish"] = Field("due", alias="from")
    at: _Moment | None = None
    catch_up: CatchUp = CatchUp.ONE
    most_caught_up: int = Field(MOST_CAUGHT_UP, ge=1, le=UTMOST_CAUGHT_UP)
    overlap: Overlap = Overlap.ALLOW
    jitter: _Duration = timedelta()
    starts_at: _Moment | None = None
    ends_at: _Moment | None = None

    @property
    def recurrence(self) -> Recurrence:
        """When it is due."""
        if self.cron is not None:
            return Cron(self.cron, self.timezone)
        if self.every is not None:
            return Every(self.every, from_finish=self.follows_finish)
        assert self.at is not None
        return Once(self.at)

    @property
    def follows_finish(self) -> bool:
        """Whether the next tick follows from when the event of the last one is finished."""
        return self.from_ == "finish"

    @property
    def policies(self) -> Policies:
        """How its ticks are fired."""
        return Policies(
            catch_up=self.catch_up,
            most_caught_up=self.most_caught_up,
            overlap=self.overlap,
            jitter_seconds=self.jitter.total_seconds(),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )

    @field_validator("cron")
    @classmethod
    def _check_cron(cls, cron: str | None) -> str | None:
        if cron is None:
            return None
        try:
            next(CronSim(cron, _START))
        except CronSimError as error:
            fault = str(error).lower()
            raise PydanticCustomError(
                "cron", "is no cron expression (minute hour day month weekday): {fault}", {"fault": fault}
            ) from None
        except StopIteration:
            raise PydanticCustomError("cron-never", "never fires") from None
        return cron

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            raise PydanticCustomError("timezone", "is no time zone, as Europe/Berlin") from None
        return timezone

    @field_validator("every")
    @classmethod
    def _check_every(cls, every: timedelta | None) -> timedelta | None:
        if every is not None and not LEAST_INTERVAL <= every <= LONGEST_INTERVAL:
            raise PydanticCustomError("interval", "must be from 1 second to 3660 days")
        return every

    @field_validator("jitter")
    @classmethod
    def _check_jitter(cls, jitter: timedelta) -> timedelta:
        if jitter > LONGEST_JITTER:
            raise PydanticCustomError("jitter", "must be a day at most")
        return jitter

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if [self.cron, self.every, self.at].count(None) != 2:
            raise PydanticCustomError("recurrence", "give one of `cron`, `every` and `at`")
        if self.from_ == "finish" and self.every is None:
            raise PydanticCustomError("from", "`from` is for `every`")
        if self.timezone != "UTC" and self.cron is None:
            raise PydanticCustomError("timezone", "`timezone` is for `cron`")
        if self.starts_at is not None and self.ends_at is not None and self.starts_at > self.ends_at:
            raise PydanticCustomError("ends", "`ends_at` is before `starts_at`")
        return self
