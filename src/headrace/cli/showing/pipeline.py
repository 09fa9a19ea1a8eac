"""A pipeline as its description tells it: fields, nodes, and what follows what."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from headrace.cli.showing.graph import graph_lines
from headrace.cli.showing.words import duration, plural, table

#: A description: `Pipeline.describe()`, as JSON.
Description = Mapping[str, Any]


def list_lines(pipelines: Sequence[Description]) -> list[Text]:
    """A line for each pipeline."""
    return table(
        (
            (each["name"], f"version {each['version']}", each["type"], plural(len(each["nodes"]), "node"))
            for each in pipelines
        ),
        indent="",
    )


def pipeline_lines(pipeline: Description) -> Iterator[Text]:
    """All of one pipeline."""
    yield _title(pipeline)
    if pipeline["fields"]:
        yield from _section("Fields")
        yield from table((each["name"], each["type"], _need(each)) for each in pipeline["fields"])
    yield from _section("Nodes")
    yield from table((node["name"], shape_of(node), _takes(node), _effort(node)) for node in pipeline["nodes"])
    yield from _section("Graph")
    for line in graph_lines(pipeline):
        yield Text("  ").append_text(line)


def shape_of(node: Description) -> str:
    """The shape in words: `map`, `sleep 2 h`, `wait for order.paid`."""
    match node["shape"]:
        case "plain":
            return str(node["mode"])
        case "map":
            return f"map, {node['limit']} at once"
        case "join" if "any" in node:
            return f"join of any: {', '.join(node['any'])}"
        case "sleep":
            return f"sleep {duration(node['seconds'])}"
        case "wait":
            limit = node["wait_seconds"]
            return f"wait for {node['type']}" + ("" if limit is None else f", {duration(limit)} at most")
        case shape:
            return str(shape)


def _title(pipeline: Description) -> Text:
    deadline = pipeline["deadline_seconds"]
    limit = "" if deadline is None else f", through within {duration(deadline)}"
    about = f"  version {pipeline['version']}, for events of the type {pipeline['type']}{limit}"
    return Text.assemble((pipeline["name"], "bold"), about)


def _section(title: str) -> Iterator[Text]:
    yield Text()
    yield Text(title, "bold")


def _need(field: Description) -> str:
    return "required" if field["required"] else "optional"


def _takes(node: Description) -> str:
    """What the node takes, then what it waits for beside."""
    taken = [*node["inputs"], *(["each of " + node["over"]] if "over" in node else ())]
    if node["shape"] == "wait":
        taken.append(f"key {node['key']}")
    beside = f"after {', '.join(node['after'])}" if node["after"] else ""
    return "; ".join(part for part in (", ".join(taken), beside) if part)


def _effort(node: Description) -> str:
    """Retries with their delays, and the timeout; nothing of a node that only waits."""
    if node["mode"] == "waiting":
        return ""
    delays = node["backoff_seconds"]
    retries = f"{_count(len(delays))} after {_delays(delays)}" if delays else "no retry"
    return f"{retries}; timeout {duration(node['timeout_seconds'])}"


def _count(retries: int) -> str:
    return "1 retry" if retries == 1 else f"{retries} retries"


def _delays(seconds: Sequence[float]) -> str:
    """`5 s`, or the first and the last."""
    first, last = duration(seconds[0]), duration(seconds[-1])
    return first if first == last else f"{first} … {last}"
