"""An Elasticsearch for a trial: the node that the tests run, with its data in a folder of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.elasticsearch import missing_programs, running_elasticsearch


def is_possible() -> bool:
    """Whether this machine has what the node needs: Java and Maven."""
    return not missing_programs()


@asynccontextmanager
async def elasticsearch_node() -> AsyncIterator[str]:
    """The URL of a node that is empty, and gone at the end."""
    with TemporaryDirectory(prefix="headrace-bench-") as name, running_elasticsearch(Path(name)) as node:
        yield node.url
