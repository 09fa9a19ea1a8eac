"""What commands print, and how errors end them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from headrace.errors import ConfigurationError, HeadraceError

#: Exit codes: something failed; the settings or the call are wrong; ended by a second Ctrl-C, as shells count it.
FAILED, MISUSED, INTERRUPTED = 1, 2, 130

#: The option of every command that prints something.
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def reported() -> Iterator[None]:
    """Turn errors of Headrace's own into a message on standard error and an exit code."""
    try:
        yield
    except ConfigurationError as error:
        count = len(error.problems)
        say_error(f"{count} problem{'s' if count > 1 else ''}, in the settings or in your module:")
        for problem in error.problems:
            say_error(f"  - {problem}")
        sys.exit(MISUSED)
    except HeadraceError as error:
        say_error(error.detail)
        sys.exit(FAILED)


def say_error(text: str) -> None:
    """Text for people, on standard error."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """One JSON value, for programs."""
    print(json.dumps(value, indent=2, default=str))
