"""`headrace run`: one event in the foreground, with nothing stored."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli.output import FAILED, INTERRUPTED, JsonOption, print_json, say_error

if TYPE_CHECKING:
    from headrace.engine.attempt.done import Done
    from headrace.engine.foreground import Foreground, Seen
    from headrace.settings import Settings


def run(
    source: Annotated[str, typer.Argument(metavar="FILE|ID", help="A JSON file (- is standard input), or an event.")],
    node: Annotated[str | None, typer.Option(metavar="NAME", help="Run this node, and only what it needs.")] = None,
    app: Annotated[str | None, typer.Option(metavar="MODULE", help="Your module, if HEADRACE_APP is not set.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run one event here and now: nothing is stored, no timeout counts, breakpoint() works. Exits 1 if it fails.

    Of a stored event that has not succeeded, and with --node, outputs that are known are not made again.
    """
    from headrace.bootstrap import load_app
    from headrace.errors import ConfigurationError, InvalidInput
    from headrace.settings import load_settings
    from headrace.settings.logs import configure_logging

    settings = load_settings(app=app)
    configure_logging(settings.log_level, settings.log_format)
    if settings.app is None:
        raise ConfigurationError(["HEADRACE_APP: no module is named. Set it, or give --app MODULE."])
    load_app(settings)
    try:
        seen = _run(_read(source, settings), node, as_json)
    except InvalidInput as error:
        faults = "".join(f"\n  {fault.pointer or 'event'}: {fault.detail}" for fault in error.problems)
        say_error(f"{error.detail}{faults}")
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    _tell(seen, as_json)
    if seen.state == "failed":
        raise typer.Exit(INTERRUPTED if isinstance(seen.error, KeyboardInterrupt) else FAILED)


@dataclass(frozen=True, slots=True)
class _Given:
    """An event, and the `context` of one that is stored: None where all is to be run."""

    type: str
    data: Mapping[str, Any]
    state: str | None = None
    context: Mapping[str, Any] | None = None


def _read(source: str, settings: "Settings") -> _Given:
    from headrace.domain.ids import parse_id
    from headrace.flow.ingest.parse import parse_object, type_of

    event_id = None if source == "-" or Path(source).exists() else parse_id(source)
    if event_id is not None:
        from headrace.cli.client import call

        stored = call(settings, "GET", f"/events/{event_id}")
        return _Given(stored["type"], stored["data"], stored["state"], _context(stored))
    try:
        body = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{source!r} cannot be read ({error.strerror}), and is no id of an event") from None
    data = parse_object(body, max_depth=settings.max_depth)
    return _Given(type_of(data), data)


def _context(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is known of a stored event's nodes; of an unfinished one, what it has kept."""
    if stored["task_context"] is not None:
        context: Mapping[str, Any] = stored["task_context"]
        return context
    whole = [kept for kept in stored["checkpoints"] if kept["item"] is None and kept["times"]["state"] == "succeeded"]
    outputs = {kept["node"]: kept["output"] for kept in whole}
    return {"nodes": outputs, "metadata": {"nodes": {kept["node"]: kept["times"] for kept in whole}}}


def _run(given: _Given, node: str | None, as_json: bool) -> "Seen":
    from headrace.engine import PipelineRegistry
    from headrace.engine.direct import run_blocking
    from headrace.engine.fit import check_fit
    from headrace.engine.foreground import foreground_of

    event = check_fit(given.data, PipelineRegistry.schema(given.type))
    pipeline = PipelineRegistry.choose(given.type, event)
    names = [spec.name for spec in pipeline.specs]
    if node is not None and node not in names:
        raise typer.BadParameter(f"pipeline {pipeline.name!r} has no node {node!r}; it has {', '.join(names)}")
    context = given.context if node is not None or given.state != "succeeded" else None
    foreground = foreground_of(pipeline, context, node)
    if as_json:
        with contextlib.redirect_stdout(sys.stderr):  # what nodes print is no JSON
            return run_blocking(lambda: foreground.run(event, lambda *_: None, _tell_note))
    print(f"{pipeline.label} on {given.type}")
    width = _width(foreground)
    for kept in foreground.kept.checkpoints:
        print(f"  {kept.node:{width}}  {'known':>10}  {(kept.output or b'null').decode()}")

    def tell_output(name: str, done: "Done") -> None:
        print(f"  {name:{width}}  {done.seconds * 1000:7.1f} ms  {done.encoded.decode()}", flush=True)

    return run_blocking(lambda: foreground.run(event, tell_output, _tell_note))


def _width(foreground: "Foreground") -> int:
    return max((len(step.name) for step in foreground.plan.steps), default=0)


def _tell_note(node: str, note: bytes) -> None:
    say_error(f"note of {node}: {note.decode()}")


def _tell(seen: "Seen", as_json: bool) -> None:
    from headrace.cli.tracebacks import show_error
    from headrace.domain.payload import decode
    from headrace.engine.attempt.failures import report_of

    context = decode(seen.context)
    emitted = [decode(event.body) for event in seen.emitted]
    if seen.error is not None:
        show_error(type(seen.error), seen.error, seen.error.__traceback__)
    if as_json:
        error = None if seen.error is None else asdict(report_of(seen.error))
        print_json(
            {"state": seen.state, "node": seen.node, "error": error, "task_context": context, "emitted": emitted}
        )
        return
    for line in _lines(seen, context, emitted):
        print(line)


def _lines(seen: "Seen", context: Mapping[str, Any], emitted: list[Any]) -> Iterator[str]:
    import json

    skipped = [name for name, times in context["metadata"]["nodes"].items() if times["state"] == "skipped"]
    if skipped:
        yield f"skipped: {', '.join(skipped)}"
    for event in emitted:
        yield f"emitted, and not stored: {json.dumps(event, ensure_ascii=False)}"
    if seen.waiting:
        yield f"waiting for what does not come here: {', '.join(seen.waiting)}"
    else:
        yield seen.state if seen.node is None else f"{seen.state}: {seen.node}"
