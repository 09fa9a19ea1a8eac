"""The commands about pipelines: `pipelines list`, `pipelines show`."""

import contextlib
import sys
from typing import Annotated

import typer

from headrace.cli.output import FAILED, AppOption, JsonOption, MermaidOption, print_json, print_lines, say_error

commands = typer.Typer(help="List and show the pipelines of your program; no service is needed.", no_args_is_help=True)


@commands.command("list")
def list_pipelines(app: AppOption = None, as_json: JsonOption = False) -> None:
    """List the pipelines, each version on a line."""
    _load(app)
    from headrace.cli.showing.pipeline import list_lines
    from headrace.engine import PipelineRegistry

    described = [pipeline.describe() for pipeline in PipelineRegistry.pipelines()]
    if as_json:
        print_json(described)
    elif described:
        print_lines(list_lines(described))
    else:
        say_error("No pipelines.")


@commands.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The pipeline's name.")],
    version: Annotated[int | None, typer.Option(help="Which version.  [default: the newest]")] = None,
    app: AppOption = None,
    as_json: JsonOption = False,
    as_mermaid: MermaidOption = False,
) -> None:
    """Show one pipeline: the fields of its events, its nodes, and what follows what."""
    _load(app)
    from headrace.cli.showing.pipeline import pipeline_lines
    from headrace.engine import PipelineRegistry

    pipeline = PipelineRegistry.named(name, version)
    if as_json:
        print_json({**pipeline.describe(), "mermaid": pipeline.mermaid()})
    elif as_mermaid:
        print(pipeline.mermaid())
    else:
        print_lines(pipeline_lines(pipeline.describe()))


def _load(app: str | None) -> None:
    """Import the user's program, whose own prints are not what is asked for."""
    from headrace.bootstrap import load_app
    from headrace.settings import load_settings

    settings = load_settings(app=app)
    if settings.app is None:
        say_error("No program is named. Set HEADRACE_APP to the module with your pipelines, or give --app.")
        raise typer.Exit(FAILED)
    with contextlib.redirect_stdout(sys.stderr):
        load_app(settings)
