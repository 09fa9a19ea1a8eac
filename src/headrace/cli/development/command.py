"""The command `headrace dev`."""

from pathlib import Path
from typing import Annotated

import typer


def dev(
    port: Annotated[int | None, typer.Option(help="Port of the API.  [default: 8000]")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where the data is kept.  [default: .headrace]")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    app: Annotated[
        str | None, typer.Option(metavar="MODULE", help="Module or package with your pipelines.  [default: app]")
    ] = None,
) -> None:
    """Start PostgreSQL, Valkey, the API and a worker until Ctrl-C, and load your module anew when it changes."""
    from headrace.cli.development.session import Development
    from headrace.cli.ports import open_port
    from headrace.cli.running import run_until_signal
    from headrace.embedded import DataDirectoryInUse, folder_problem, read_services
    from headrace.errors import ConfigurationError
    from headrace.settings import load_settings
    from headrace.settings.logs import configure_logging

    settings = load_settings(api_port=port, data_dir=data_dir, app=app)
    configure_logging(settings.log_level, "console")
    problem = folder_problem(settings.data_dir)
    problems = [] if problem is None else [problem]
    try:
        listening = open_port(settings.api_host, settings.api_port)
    except ConfigurationError as error:
        if problems or (running := read_services(settings.data_dir)) is None:
            raise ConfigurationError([*error.problems, *problems]) from None
        place = f"in {settings.data_dir.resolve()}, by process {running['pid']}"
        raise DataDirectoryInUse(f"`headrace dev` runs already {place}: {running['api_url']}") from None
    with listening:
        if problems:
            raise ConfigurationError(problems)
        development = Development(settings, workers, listening)
        run_until_signal(development.run, development.request_stop, until_stdin_closes=False)
