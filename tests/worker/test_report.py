"""The lines for those who watch a development server."""

from datetime import UTC, datetime
from pathlib import Path

from structlog.testing import capture_logs

from headrace.domain.event import Losses, Run
from headrace.domain.ids import new_id
from headrace.domain.outcome import ErrorReport
from headrace.domain.progress import Progress
from headrace.domain.settle import Delayed
from headrace.domain.states import Reason
from headrace.settings import load_settings
from headrace.worker.report import report_settled

NOW = datetime(2026, 1, 1, tzinfo=UTC)

RUN = Run(
    event_id=new_id(),
    owner=new_id(),
    type="ticket.opened",
    tenant="default",
    queue="default",
    run_number=1,
    epoch=1,
    attempt=2,
    failures={},
    losses=Losses(),
    packed_body=b"",
    started_at=NOW,
    begun_at=NOW,
)


def lines(folder: Path, settled: Delayed) -> list[tuple[object, ...]]:
    with capture_logs() as logged:
        report_settled(load_settings({}, folder, log_events=True))(settled)
    return [(line["log_level"], line["event"], line.get("reason"), line.get("until")) for line in logged]


def test_a_run_that_waits_is_no_failure(tmp_path: Path) -> None:
    assert lines(tmp_path, Delayed(RUN, None, Reason.WAIT, Progress())) == [
        ("info", "waiting", "wait", "an event comes")
    ]
    [(level, event, reason, until)] = lines(tmp_path, Delayed(RUN, NOW, Reason.SLEEP, Progress()))
    assert (level, event, reason) == ("info", "waiting", "sleep")
    assert str(until) == f"{NOW.astimezone():%Y-%m-%d %H:%M:%S}"


def test_a_run_that_waits_for_a_retry_tells_its_error(tmp_path: Path) -> None:
    delayed = Delayed(RUN, NOW, Reason.RETRY, Progress(), "reply", ErrorReport("ValueError", "no"))

    assert [line[:2] for line in lines(tmp_path, delayed)] == [("warning", "attempt failed")]
