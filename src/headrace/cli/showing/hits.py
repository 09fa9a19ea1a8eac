"""What a search found, as `GET /search` answers it."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from headrace.cli.showing.words import duration, plain, plural, table


def hit_lines(hit: Mapping[str, Any]) -> Iterator[Text]:
    """An event, and below it where the query was found, with what was found in bold."""
    reason = f" ({hit['reason']})" if hit["reason"] else ""
    yield Text(f"{hit['id']}  {hit['created_at'][:19]}Z  {hit['type']:30}  {hit['state']}{reason}")
    for highlight in hit["highlights"]:
        yield Text.assemble("    ", (f"{plain(highlight['path'])}: ", "dim"), _marked(highlight))


def facet_lines(facets: Mapping[str, Any]) -> Iterator[Text]:
    """How many hits have each type, each state and each day, the most frequent first; days in their order."""
    for name in ("types", "states", "days"):
        counts = sorted(facets[name].items(), key=lambda each: each[0] if name == "days" else (-each[1], each[0]))
        if counts:
            yield Text(f"\n{name}", "bold")
            yield from table((plain(each), f"{count:>10,}") for each, count in counts)
    if not facets["complete"]:
        yield Text(f"\nCounted over the newest {facets['counted']:,} hits; there are more.")


def remarks(page: Mapping[str, Any]) -> Iterator[str]:
    """How much there is, where it was searched, and what is yet to be told to that place."""
    copy = page["copy"]
    more = "" if page["total_is_exact"] else " or more"
    where = "PostgreSQL, the beginning of each event's text" if copy["fallback"] else "Elasticsearch"
    yield f"{plural(page['total'], 'hit')}{more}, in {where}."
    if copy["waiting"]:
        behind = f"for {duration(copy['seconds'])}"
        yield f"{plural(copy['waiting'], 'finished event')} cannot be found yet, one of them {behind}."
    if page["next_cursor"] is not None:
        yield f"There may be more: --cursor {page['next_cursor']}"


def _marked(highlight: Mapping[str, Any]) -> Text:
    marked = Text(_letter_by_letter(highlight["text"]))
    for begin, end in highlight["spans"]:
        marked.stylize("bold", begin, end)
    return marked


def _letter_by_letter(text: str) -> str:
    """What a terminal may show, each character in its place."""
    return "".join(
        letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
