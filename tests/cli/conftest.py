from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.support import DevelopmentRun
from tests.support.processes import check_none_remains

StartDevelopment = Callable[..., DevelopmentRun]


@pytest.fixture
def start_development(tmp_path: Path) -> Iterator[StartDevelopment]:
    """Starts `headrace dev` in the test's folder, with options; each is gone at the end."""
    runs: list[DevelopmentRun] = []

    def start(*options: str, port: int | None = None) -> DevelopmentRun:
        runs.append(DevelopmentRun(tmp_path, *options, port=port))
        return runs[-1]

    yield start
    for run in runs:
        run.stop()
    check_none_remains(tmp_path)
