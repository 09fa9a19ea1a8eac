"""What can be wrong with what is stored: a stable code for each kind."""

from enum import StrEnum


class Fault(StrEnum):
    """A breach of what the ledger and the lives of runs promise. The value is the code that people and programs see."""

    EVENT_LOST = "event-lost"
    EVENT_TWICE = "event-twice"
    RUN_WITHOUT_EVENT = "run-without-event"
    RESULT_WITHOUT_EVENT = "result-without-event"
    TALLY_WRONG = "tally-wrong"
    RUN_NUMBERS_WRONG = "run-numbers-wrong"
    OWNER_UNKNOWN = "owner-unknown"
    LEASE_OVER = "lease-over"
    OVERDUE = "overdue"
    NEVER_WOKEN = "never-woken"
    SCHEDULE_OVERDUE = "schedule-overdue"
    IN_DEFAULT_PARTITION = "in-default-partition"
    KEY_WITHOUT_EVENT = "key-without-event"
    LEFT_OVER = "left-over"
