"""The pytest plugin: fixtures that every project with Headrace has. It imports what they need when they are used."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from headrace.testing import HeadraceServices, RunPipeline


@pytest.fixture
def pipeline_run() -> "RunPipeline":
    """`headrace.testing.run_pipeline`: runs a pipeline to its end, without services and without waiting."""
    from headrace.testing import run_pipeline

    return run_pipeline


@pytest.fixture(scope="session")
def headrace_services(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[HeadraceServices]":
    """A PostgreSQL and a Valkey of this session's own; `db_session`, `send` and commands use them meanwhile."""
    from headrace.embedded import EmbeddedMissing
    from headrace.testing.services import open_services

    with ExitStack() as held:
        try:
            services = held.enter_context(open_services(tmp_path_factory.mktemp("headrace")))
        except EmbeddedMissing as missing:
            pytest.fail(missing.detail, pytrace=False)
        yield services
