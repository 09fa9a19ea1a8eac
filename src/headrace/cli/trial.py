"""Importing the user's module in a process of its own, to see whether it can be used."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from headrace.settings import child_environment

#: The import has this long.
IMPORT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PipelineSketch:
    """What is told of a pipeline: the type that it serves, and the fields without which an event does not fit."""

    name: str
    type: str
    required: Sequence[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """What an import came to: `error` is None or says to the user what to mend, on one or many lines."""

    pipelines: Sequence[PipelineSketch] = ()
    error: str | None = None


async def try_module(app: str) -> Trial:
    """Import a module, which may do what it likes there: hang, print, end its process. No process remains."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "headrace.cli.trial", app),
        env=child_environment({}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(IMPORT_SECONDS):
            told, errors = await asyncio.gather(process.stdout.read(), process.stderr.read())
            code = await process.wait()
    except TimeoutError:
        return Trial(error=f"The import of {app!r} was not done after {IMPORT_SECONDS:g} s.")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code == 0 and told:
        return Trial([PipelineSketch(**sketch) for sketch in json.loads(told)])
    return Trial(error=errors.decode(errors="replace").rstrip() or f"The import of {app!r} ended the process.")


def main(app: str) -> None:
    """Import `app` here and print its pipelines. Exits 1 or 2 with what is wrong on standard error."""
    from headrace.bootstrap import load_app
    from headrace.cli.output import reported
    from headrace.cli.running import end_with_standard_input
    from headrace.cli.tracebacks import show_error
    from headrace.domain.event import TASK_TYPE
    from headrace.engine import PipelineRegistry
    from headrace.settings import load_settings

    sys.excepthook = show_error
    end_with_standard_input(lambda: os._exit(1))
    with reported(), contextlib.redirect_stdout(sys.stderr):
        load_app(load_settings(app=app), secrets=True)
    sketches = [
        PipelineSketch(
            pipeline.name,
            pipeline.event_type,
            [field.alias or name for name, field in pipeline.schema.model_fields.items() if field.is_required()],
        )
        for pipeline in PipelineRegistry.pipelines()
        if pipeline.event_type != TASK_TYPE  # nobody wrote that one
    ]
    print(json.dumps([asdict(sketch) for sketch in sketches]), flush=True)
    os._exit(0)  # threads that the module started are not waited for


if __name__ == "__main__":
    main(sys.argv[1])
