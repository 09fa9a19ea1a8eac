"""The published retry schedule, and how a node's own options bend it."""

from collections.abc import Sequence

from headrace.domain.outcome import Backoff

#: Delays before the retries of a node that names none, in seconds: 5 s to 24 h.
DEFAULT_DELAYS_SECONDS: tuple[float, ...] = (5, 30, 120, 600, 1800, 7200, 18000, 36000, 50400, 86400)

#: A delay is spread by this share of itself in both directions, so that a crowd of failures does not return as one.
JITTER = 0.2

#: Delays up to this many seconds are waited inside the worker process.
IN_PROCESS_SECONDS = 1.0


def backoff_of(retries: int | None = None, delays_seconds: Sequence[float] | None = None) -> Backoff:
    """A node's schedule: `delays_seconds` replaces the default delays, `retries` cuts or repeats the last of them."""
    delays = tuple(DEFAULT_DELAYS_SECONDS if delays_seconds is None else delays_seconds)
    if retries is None:
        return Backoff(delays)
    if retries > len(delays):
        delays += (delays[-1] if delays else DEFAULT_DELAYS_SECONDS[0],) * (retries - len(delays))
    return Backoff(delays[:retries])


def delay_seconds(backoff: Backoff, failures: int, chance: float, cap_seconds: float | None = None) -> float | None:
    """The wait after the n-th failure, or None when no retry is left. `chance` lies in [0, 1) and sets the jitter."""
    if failures > len(backoff.delays_seconds):
        return None
    delay = backoff.delays_seconds[failures - 1] * (1 + JITTER * (2 * chance - 1))
    return delay if cap_seconds is None else min(delay, cap_seconds)
