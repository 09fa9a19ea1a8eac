"""When the one who catches up leaves the machine to others: to those who accept events, and to those who work on them.

Where Postgres, the API and the workers have machines of their own, nobody else is there and nobody is waited for.
"""

#: While others need the machine, the projector rests for so many times as long as it works.
STEP_BACK = 16.0

#: After so many seconds of work there is a rest of so many, in which it is seen whether others need the machine.
WORK_SECONDS, SEEN_SECONDS = 1.0, 0.1

#: They need it if they leave less than so many of its processors idle while the projector rests: that is
#: what catching up takes.
TAKEN_PROCESSORS = 1.0

#: And only if they keep this share of it busy: where there is one processor, it is for all.
LEAST_NEEDED_SHARE = 0.5


class Courtesy:
    """How long to rest between batches, on a machine with so many processors."""

    def __init__(self, processors: int) -> None:
        self._needed_share = max(LEAST_NEEDED_SHARE, 1 - TAKEN_PROCESSORS / processors)
        self._worked = WORK_SECONDS
        self._long_rest = self._rested = 0.0
        self._is_needed = False
        #: Whether others go first: then it is also little that is written at a time.
        self.steps_back = False

    def rest_seconds(self, seconds: float, *, is_behind: bool) -> float:
        """How long to rest after a batch that took so many seconds, while events wait for workers or do not."""
        self._rested = 0.0
        self._long_rest = max(SEEN_SECONDS, seconds * STEP_BACK)
        self.steps_back = is_behind or self._is_needed
        if self.steps_back:
            return self._long_rest
        self._worked += seconds
        return SEEN_SECONDS if self._worked >= WORK_SECONDS else 0.0

    def rested(self, busy_share: float) -> float:
        """Hear which share of the processors was busy during such a rest, from 0 to 1; returns how long to rest on.

        Where others seem to need the machine it is twice as long each time, until it was as long as after any batch: a
        server writes in bursts what it was given.
        """
        self._worked = 0.0
        is_busy = busy_share >= self._needed_share
        if self.steps_back:
            self._is_needed = is_busy
            return 0.0
        if not is_busy:
            return 0.0
        if self._rested >= self._long_rest:
            self._is_needed = self.steps_back = True
            return 0.0
        more = min(max(SEEN_SECONDS, self._rested), self._long_rest - self._rested)
        self._rested += more
        return more
