"""The command `headrace`. Commands import what they need when they run, so that `--help` is quick."""

import sys
from collections.abc import Iterable

import typer

from headrace.cli import (
    acting,
    audit,
    demo,
    events,
    foreground,
    index,
    init,
    pausing,
    pipelines,
    schedules,
    searching,
    serving,
    status,
    storage,
    verifying,
)
from headrace.cli.development import command as development
from headrace.cli.output import MISUSED, reported, say_error
from headrace.cli.tracebacks import show_error

app = typer.Typer(
    name="headrace",
    help="Accept events over HTTP, store them, run typed pipelines on them, keep the results.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(init.init)
app.command()(development.dev)
app.command()(demo.demo)
app.command()(serving.api)
app.command()(serving.worker)
app.command()(serving.relay)
app.command()(storage.migrate)
app.command()(storage.check)
app.command()(status.status)
app.command()(verifying.verify)
app.command()(verifying.repair)
app.command()(audit.audit)
app.command()(events.send)
app.command()(searching.search)
app.command()(foreground.run)
app.command()(pausing.pause)
app.command()(pausing.resume)
events.commands.command()(acting.cancel)
events.commands.command()(acting.replay)
events.commands.command("retry-now")(acting.retry_now)
events.commands.command()(acting.reschedule)
events.commands.command()(acting.erase)
app.add_typer(events.commands, name="events")
app.add_typer(index.commands, name="index")
app.add_typer(pipelines.commands, name="pipelines")
app.add_typer(schedules.commands, name="schedule")


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        from headrace import __version__

        typer.echo(f"headrace {__version__}")
        raise typer.Exit


def _check_encoding(arguments: Iterable[str]) -> None:
    """Bytes that are no text in the terminal's encoding come as halves of characters, which cannot be stored."""
    for number, argument in enumerate(arguments, start=1):
        if any("\ud800" <= letter <= "\udfff" for letter in argument):
            say_error(f"Argument {number} is not encoded as text: give it in UTF-8.")
            sys.exit(MISUSED)


def main() -> None:
    """Run the command line; errors of Headrace's own are told in a sentence or two and end with a code."""
    sys.excepthook = show_error
    _check_encoding(sys.argv[1:])
    with reported():
        typer.main.get_command(app)(prog_name="headrace")
