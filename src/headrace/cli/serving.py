"""The long-running commands: `api`, `worker`, `relay`."""

import socket
from typing import Annotated, Any

import typer

from headrace.cli.output import AppOption
from headrace.cli.running import end_with_standard_input, run_until_signal

StdinOption = Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)]


def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.  [default: 8000]")] = None,
    app: AppOption = None,
    descriptor: Annotated[int | None, typer.Option("--fd", hidden=True)] = None,
    until_stdin_closes: StdinOption = False,
) -> None:
    """Run the HTTP API."""
    from headrace.api.main import create_server, serve
    from headrace.bootstrap import check_storage, load_app
    from headrace.cli.ports import open_port
    from headrace.settings import load_settings
    from headrace.settings.logs import configure_logging

    settings = load_settings(app=app, api_host=host, api_port=port)
    configure_logging(settings.log_level, settings.log_format)
    load_app(settings)
    check_storage(settings)
    server = create_server(settings)
    if until_stdin_closes:
        end_with_standard_input(lambda: setattr(server, "should_exit", True))
    here = open_port(settings.api_host, settings.api_port) if descriptor is None else socket.socket(fileno=descriptor)
    serve(server, here)


def worker(
    processes: Annotated[int | None, typer.Option(help="Worker processes.  [default: one a core]")] = None,
    queues: Annotated[
        str | None, typer.Option(metavar="a,b", help="Queues to serve, best first.  [default: default]")
    ] = None,
    app: AppOption = None,
    until_stdin_closes: StdinOption = False,
) -> None:
    """Run worker processes, and a relay, under a supervisor."""
    from headrace.bootstrap import check_storage
    from headrace.settings import child_environment, load_settings
    from headrace.settings.logs import configure_logging
    from headrace.worker.supervisor import Supervisor

    chosen: dict[str, Any] = {"app": app, "worker_processes": processes, "queues": queues}
    settings = load_settings(**chosen)
    configure_logging(settings.log_level, settings.log_format)
    check_storage(settings)
    given = {name: value for name, value in chosen.items() if value is not None}
    supervisor = Supervisor(settings, child_environment(given))
    run_until_signal(supervisor.run, supervisor.request_stop, until_stdin_closes=until_stdin_closes)


def relay(until_stdin_closes: StdinOption = False) -> None:
    """Run a relay apart from workers: it frees the runs of dead workers, wakes workers, parks, keeps the ledger."""
    import asyncio

    from headrace.bootstrap import check_storage, open_relay
    from headrace.settings import load_settings
    from headrace.settings.logs import configure_logging

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    check_storage(settings)
    stopping = asyncio.Event()

    async def run() -> None:
        async with open_relay(settings) as opened:
            relaying = asyncio.create_task(opened.run())
            await stopping.wait()
            opened.stop()
            await relaying

    run_until_signal(run, stopping.set, until_stdin_closes=until_stdin_closes)
