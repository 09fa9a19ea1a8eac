from collections.abc import Iterator

import pytest

from headrace.engine import PipelineRegistry


@pytest.fixture(autouse=True)
def empty_registry() -> Iterator[None]:
    with PipelineRegistry.isolated():
        yield
