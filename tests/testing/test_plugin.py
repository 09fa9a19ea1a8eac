import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from headrace.settings import child_environment

WITHOUT_SERVICES = """
from headrace import EventSchema, Pipeline


class Ordered(EventSchema, type="ordered"):
    amount: int = 1


orders = Pipeline("orders", Ordered)


@orders.node(backoff=[3600])
def charge(event: Ordered) -> int:
    return event.amount


def test_it_is_charged(pipeline_run):
    run = pipeline_run(orders, Ordered(amount=3), failures={"charge": 1})
    assert run.outputs == {"charge": 3}
    assert len(run.attempts) == 2
"""

WITH_SERVICES = """
from contextlib import contextmanager

from headrace import Event, GenericRepository, celery_app, db_session, get_redis_url


def test_the_first_stores(headrace_services):
    with contextmanager(db_session)() as session:
        GenericRepository(session=session, model=Event).create(obj=Event(data={"type": "ordered"}))
    assert get_redis_url() == headrace_services.redis_url == celery_app.conf.broker_url
    assert headrace_services.environment["HEADRACE_DATABASE_URL"] == headrace_services.database_url


def test_the_second_is_of_the_same_session(headrace_services):
    with contextmanager(db_session)() as session:
        assert session.query(Event).count() == 1
"""

QUICK = """
import sys

import headrace.testing.plugin

print(*sorted({name.partition(".")[0] for name in sys.modules} & {"psycopg", "redis", "sqlalchemy", "pydantic"}))
"""

ALONE = """
import sys

from headrace import EventSchema, Pipeline
from headrace.testing import run_pipeline

pipeline = Pipeline("orders", EventSchema)


@pipeline.node
def charge(event: EventSchema) -> int:
    return 1


assert run_pipeline(pipeline, {}).outputs == {"charge": 1}
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"psycopg", "redis", "sqlalchemy", "celery"}))
"""


def pytest_with_plugin(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if not entry_points(group="pytest11", name="headrace"):  # an installation from before there was one
        command += ["-p", "headrace.testing.plugin"]
    environment = child_environment({"database_url": "postgresql://nobody@localhost:1/none"})
    return subprocess.run(
        [*command, *options], cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=120
    )


def test_a_pipeline_is_run_by_the_fixture_without_services(tmp_path: Path) -> None:
    (tmp_path / "test_orders.py").write_text(WITHOUT_SERVICES)
    done = pytest_with_plugin(tmp_path)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.slow
@pytest.mark.services
def test_services_are_started_once_and_used_by_the_names_that_users_know(tmp_path: Path) -> None:
    (tmp_path / "test_orders.py").write_text(WITH_SERVICES)
    done = pytest_with_plugin(tmp_path, "-p", "no:randomly", f"--basetemp={tmp_path / 'kept'}")
    assert "2 passed" in done.stdout, done.stdout


def test_where_the_servers_are_not_installed_only_their_fixture_says_so(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import importlib.util\nimportlib.util.find_spec = lambda name: None\n")
    (tmp_path / "test_orders.py").write_text(WITH_SERVICES + WITHOUT_SERVICES)
    done = pytest_with_plugin(tmp_path)
    assert "1 passed, 2 errors" in done.stdout, done.stdout
    assert "pip install 'headrace[embedded]'" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("program", [QUICK, ALONE], ids=["plugin", "run"])
def test_no_service_is_imported_by_the(program: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
