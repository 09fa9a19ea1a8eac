"""The settings that the programs of a campaign run with."""

from collections.abc import Mapping
from pathlib import Path

from headrace.settings import child_environment

#: The checkout, where programs find the campaign's pipelines.
ROOT = Path(__file__).parents[2]

#: A lease of two seconds, so that a campaign waits for little.
QUICK: Mapping[str, object] = {
    "lease_seconds": 2,
    "renew_seconds": 0.5,
    "poll_seconds": 1,
    "grace_seconds": 10,
    "user_connections": 1,
    "log_format": "json",
    "release": "chaos",
}


def program_environment(settings: Mapping[str, object]) -> dict[str, str]:
    """`QUICK` with these settings, by field; none of the user's own reaches the campaign."""
    inherited = {name: value for name, value in child_environment({}).items() if not name.startswith("HEADRACE_")}
    path = [str(ROOT), *filter(None, [inherited.get("PYTHONPATH")])]
    return child_environment({**QUICK, **settings}, {**inherited, "PYTHONPATH": ":".join(path)})
