"""`headrace demo`: the main job on real webhooks."""

from pathlib import Path
from typing import Annotated

import typer

from headrace.cli.output import FAILED


def demo(
    data_dir: Annotated[Path, typer.Option(help="Where the data of the run goes; emptied at each start.")] = Path(
        ".headrace/demo"
    ),
) -> None:
    """Send 219 real webhooks through API, worker and pipelines, kill a worker process, and check every result."""
    from headrace.demo.run import console_for_output, run_demo

    if not run_demo(data_dir, console_for_output()):
        raise typer.Exit(FAILED)
