"""The parts of the work that the floor is measured in."""

from enum import StrEnum


class Part(StrEnum):
    """What is timed."""

    #: Insert.
    ACCEPT = "accept"
    #: Claim and settle, of what was inserted before.
    PROCESS = "process"
    #: Insert, claim and settle.
    END_TO_END = "end-to-end"
