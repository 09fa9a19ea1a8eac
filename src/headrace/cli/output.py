"""What commands print, and how errors end them."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.errors import ConfigurationError, HeadraceError

if TYPE_CHECKING:
    from rich.text import Text

#: Exit codes: something failed; the settings or the call are wrong; ended by a second Ctrl-C, as shells count it.
FAILED, MISUSED, INTERRUPTED = 1, 2, 130

#: The option of every command that prints something.
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

#: The option of every command that can draw.
MermaidOption = Annotated[bool, typer.Option("--mermaid", help="Print the drawing, in Mermaid's language.")]

#: The option of every command that loads the user's program.
AppOption = Annotated[str | None, typer.Option(metavar="MODULE", help="Module or package with your pipelines.")]

#: Columns that are filled at most, and where no terminal says how many it has.
MOST_COLUMNS = 100


@contextmanager
def reported() -> Iterator[None]:
    """Turn errors of Headrace's own into a message on standard error and an exit code."""
    try:
        yield
    except ConfigurationError as error:
        from headrace.settings.problems import tell_problems

        say_error(tell_problems(error))
        sys.exit(MISUSED)
    except HeadraceError as error:
        say_error(error.detail)
        sys.exit(FAILED)


def say_error(text: str) -> None:
    """Text for people, on standard error."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """One JSON value, for programs. Moments are as RFC 3339 has them."""
    print(
        json.dumps(value, indent=2, default=lambda each: each.isoformat() if isinstance(each, datetime) else str(each))
    )


def columns() -> int:
    """How wide what is printed may be."""
    from rich.console import Console

    return min(Console().width, MOST_COLUMNS) if sys.stdout.isatty() else MOST_COLUMNS


def print_lines(lines: "Iterable[Text]") -> None:
    """Lines for people; their colours are seen on a terminal alone, and no line is broken."""
    from rich.console import Console

    console = Console(force_terminal=sys.stdout.isatty(), highlight=False)
    for line in lines:
        console.print(line, soft_wrap=True)
