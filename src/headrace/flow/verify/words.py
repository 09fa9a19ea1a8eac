"""What each fault means, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.domain.faults import Fault


@dataclass(frozen=True, slots=True)
class Words:
    """`problem` says what is wrong, `remedy` what to do, with the command to type where there is one."""

    problem: str
    remedy: str


_REPAIR = "See what would be done with `headrace repair --dry-run`, then type `headrace repair`."

_BACKUP = "What is missing was lost outside of Headrace: restore it from a backup of the database."

WORDS: Mapping[Fault, Words] = {
    Fault.EVENT_LOST: Words("accepted events have neither a run nor a result, so that nothing will run them", _REPAIR),
    Fault.EVENT_TWICE: Words("events have a run and a result at once", _REPAIR),
    Fault.RUN_WITHOUT_EVENT: Words("runs have no event, so that nobody can run them", _BACKUP),
    Fault.RESULT_WITHOUT_EVENT: Words("results have no event", _BACKUP),
    Fault.TALLY_WRONG: Words("the ledger's sums, which /stats shows, are not what the tables hold", _REPAIR),
    Fault.RUN_NUMBERS_WRONG: Words(
        "replayed events do not have one result for each of their earlier runs",
        f"{_BACKUP} Their newest result stands.",
    ),
    Fault.OWNER_UNKNOWN: Words(
        "runs belong to a process that is not known",
        "The relay frees them within 5 minutes. If they stay, see with `headrace status` whether one leads.",
    ),
    Fault.LEASE_OVER: Words(
        "runs belong to processes whose lease is over, and nobody took them over",
        "A relay takes them over within a minute of its lead. See with `headrace status` whether one leads and since "
        "when; if none does, start a worker, which brings one, or `headrace relay`.",
    ),
    Fault.OVERDUE: Words(
        "runs are due for too long, though workers serve their types",
        "If `headrace status` shows that their number falls, it is a backlog: start more workers, or allow for it with "
        "--overdue-seconds. If it does not, restart the workers, and read their logs.",
    ),
    Fault.NEVER_WOKEN: Words(
        "runs wait for nothing that could come",
        "Cancel them, and replay them: `headrace events cancel ID`, `headrace events replay ID`.",
    ),
    Fault.SCHEDULE_OVERDUE: Words(
        "schedules are due for too long, though a relay leads",
        "Read the log of the relay that leads: it says what hinders it. Who that is, `headrace status` says. One that "
        "is never looked at is set right by `headrace schedule pause NAME` and `headrace schedule resume NAME`.",
    ),
    Fault.IN_DEFAULT_PARTITION: Words(
        "rows lie outside of every week's partition",
        "Nothing is lost, but these weeks are slow. See with `headrace status` how far partitions exist ahead, and "
        "look for hosts whose clocks are off.",
    ),
    Fault.KEY_WITHOUT_EVENT: Words("idempotency keys name events that do not exist", _BACKUP),
    Fault.LEFT_OVER: Words("rows belong to events or runs that do not exist", _REPAIR),
}
