"""What is written to Elasticsearch has no id of its own: Elasticsearch makes one for each."""

from collections.abc import Mapping
from typing import Any

import orjson

import chaos.app  # noqa: F401  # its pipelines
from chaos.broken.breaking import put_in_place
from headrace.search.elasticsearch.bulk import Operation


def lines(operation: Operation, action: str, _condition: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The lines of a bulk request, as for something that is written once."""
    return orjson.dumps({action: {"_index": operation.alias}}), operation.body


put_in_place(Operation, "_lines", lines)
