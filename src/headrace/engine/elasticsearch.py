"""The node that says how a result is to be found again."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from headrace.domain.marks import SEARCH, checked_path, is_index_name
from headrace.engine.context import TaskContext
from headrace.engine.json_form import to_json
from headrace.engine.node import Node
from headrace.errors import PipelineInvalid


class ElasticsearchIndexNode(Node):
    """Marks the context for the search copy; it talks to no server.

    `index` names a further index that is to have the event too, `fields` the paths that alone are to be found (else
    all), `extra` holds fields to add, as JSON. The mark is appended to `context.metadata["search"]`, a list.
    Raises PipelineInvalid, listing every argument that cannot be used.
    """

    def __init__(
        self,
        index: str | None = None,
        fields: Sequence[str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        if faults := [*_index_faults(index), *_fields_faults(fields), *_extra_faults(extra)]:
            raise PipelineInvalid([f"node {self.name!r}: {fault}" for fault in faults])
        self.mark = {
            "index": index,
            "fields": None if fields is None else list(fields),
            "extra": deepcopy(dict(extra or {})),
        }

    async def process(self, context: TaskContext) -> None:
        """Append the mark."""
        context.metadata.setdefault(SEARCH, []).append(deepcopy(self.mark))


def _index_faults(index: object) -> Iterator[str]:
    if index is not None and not (isinstance(index, str) and is_index_name(index)):
        yield (
            f"found index={index!r}; wanted the name of an index; "
            "hint: a small letter or a digit, and up to 99 small letters, digits, . _ - behind it"
        )


def _fields_faults(fields: object) -> Iterator[str]:
    if fields is None:
        return
    if isinstance(fields, str) or not isinstance(fields, Sequence):
        yield f'found fields={fields!r}; wanted a list of paths; hint: as in fields=["subject", "outputs.classify"]'
        return
    for path in fields:
        if not _is_path(path):
            yield (
                f"found {path!r} in fields; wanted a path; "
                'hint: keys with dots between, from the payload on, or as in "outputs.classify"'
            )


def _is_path(path: object) -> bool:
    try:
        return isinstance(path, str) and bool(checked_path(path))
    except ValueError:
        return False


def _extra_faults(extra: object) -> Iterator[str]:
    if extra is None:
        return
    hint = "hint: as in extra={'team': 'north'}"
    if not isinstance(extra, Mapping):
        yield f"found extra={extra!r}; wanted a dict; {hint}"
        return
    try:
        to_json(dict(extra))
    except ValueError as error:
        yield f"found an extra without a JSON form ({error}); wanted what JSON can carry; {hint}"
