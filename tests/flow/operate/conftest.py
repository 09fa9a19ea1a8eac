import pytest

from headrace.flow.operate import Operator
from headrace.store.database import Database
from tests.support.stages import Told


@pytest.fixture
def told() -> list[Told]:
    return []


@pytest.fixture
def operator(database: Database, told: list[Told]) -> Operator:
    return Operator(database, lambda queue, ids: told.append((queue, ids)), "tests")
