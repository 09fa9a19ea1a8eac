"""`headrace index`, on a copy at each place where it may lie."""

import json
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from elasticsearch import AsyncElasticsearch

from headrace.domain.event import Run
from headrace.domain.ids import new_id
from headrace.domain.settle import Finished
from headrace.domain.states import EventState
from headrace.search.elasticsearch.copy import ElasticsearchCopy
from headrace.search.postgres.copy import PostgresCopy
from headrace.store.database import Database
from tests.cli.support import headrace, printed
from tests.search.behind import BehindElasticsearch, BehindPostgres
from tests.search.places import Place, document
from tests.support.installation import Installation
from tests.support.steps import accept, claim, new_event, store, succeeded
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.services]

#: Finished events at a time, as a claim takes them.
TOGETHER = 1000

#: How an event's result asks for an index that none in Elasticsearch may be called: a month follows its name there.
IMPOSSIBLE = b'{"nodes":{},"metadata":{"search":[{"index":"no-2026.11"}]}}'


@dataclass
class Commanded:
    """An installation whose copy `settings` name; `place` is that copy, as the commands find it."""

    installation: Installation
    settings: dict[str, str]
    place: Place

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and errors of `headrace index …`."""
        done = headrace("index", *arguments, folder=self.installation.folder, **self.settings)
        return done.returncode, done.stdout, done.stderr

    def verified(self, *arguments: str) -> dict[str, Any]:
        """What `index verify --json` prints, whatever it exits with."""
        code, out, errors = self.run("verify", "--json", *arguments)
        assert out, errors
        found: dict[str, Any] = json.loads(out)
        assert code == (0 if found["ok"] else 1)
        return found

    def differences(self) -> set[tuple[str, str]]:
        """Kind and name of all that differs."""
        found = self.verified("--full")
        return {(each["kind"], each["name"]) for month in found["months"] for each in month["differences"]}

    async def finish(self, count: int, context: bytes | None = None) -> list[UUID]:
        """Events of the present that are finished."""
        async with opened(self.installation) as database:
            await accept(database, *(new_event(subject=f"number {number}") for number in range(count)))
            runs = await claim(database, self.installation.storage.add_worker(), most=count)
            await store(database, *(_ended(run, context) for run in runs))
        return sorted(run.event_id for run in runs)

    def project(self) -> None:
        """Let a relay write what waits, and end it."""
        relay = self.installation.start("-m", "headrace.cli", "relay", **self.settings)
        count = "SELECT count(*) FROM headrace.projections"
        wait_until(lambda: self.installation.storage.value(count) == 0, "all is projected", 60.0)
        relay.signal(signal.SIGTERM)
        assert relay.exit_code(20.0) == 0


@asynccontextmanager
async def opened(installation: Installation) -> AsyncIterator[Database]:
    database = installation.storage.open()
    await database.open()
    yield database
    await database.close()


def _ended(run: Run, context: bytes | None) -> Finished:
    return succeeded(run) if context is None else Finished(run, EventState.SUCCEEDED, context)


@pytest.fixture
async def elasticsearch_commanded(installation: Installation, elasticsearch: str) -> AsyncIterator[Commanded]:
    prefix = f"t{new_id().hex[-12:]}"
    settings = {"elasticsearch_url": elasticsearch, "elasticsearch_index": prefix}
    copy = ElasticsearchCopy(elasticsearch, prefix)
    async with AsyncElasticsearch(elasticsearch) as client:
        behind = BehindElasticsearch(client, prefix)
        yield Commanded(installation, {**installation.settings(), **settings}, Place(copy, behind))
        await behind.clean()
    await copy.close()


@pytest.fixture
async def postgres_commanded(installation: Installation) -> AsyncIterator[Commanded]:
    async with opened(installation) as database:
        place = Place(PostgresCopy(database), BehindPostgres(installation.storage))
        yield Commanded(installation, installation.settings(), place)


#: The places, one a line.
PLACES = ("elasticsearch_commanded", "postgres_commanded")


@pytest.fixture(params=PLACES)
def commanded(request: pytest.FixtureRequest) -> Commanded:
    found: Commanded = request.getfixturevalue(request.param)
    return found


async def test_whatever_happens_to_the_copy_is_named_and_a_rebuild_mends_all_of_it(commanded: Commanded) -> None:
    ids = [event_id for _ in range(2) for event_id in await commanded.finish(TOGETHER)]
    commanded.project()
    assert commanded.differences() == set()
    broken = await _break(commanded.place, ids)
    assert len(broken) == 200 + 3 * 40

    assert commanded.differences() == broken
    code, out, errors = commanded.run("verify")
    assert code == 1
    assert "2,000 finished, 1,840 in the copy" in out
    assert "more; --all lists them" in out
    assert "200 missing, 40 other-version, 40 stranger" in out
    assert "headrace index rebuild" in errors

    [month] = printed("index", "rebuild", folder=commanded.installation.folder, **commanded.settings)["months"]
    assert (month["done"], month["total"], month["refused"]) == (2000, 2000, 0)
    assert commanded.differences() == set()
    assert commanded.run("verify", "--full")[1].endswith("Every document was compared whole: nothing is missed.\n")


async def _break(place: Place, ids: Sequence[UUID]) -> set[tuple[str, str]]:
    """Lose every tenth document, change some, make some newer, add some; returns what is wrong then."""
    lost = ids[::10]
    changed, newer = ids[1:401:10], ids[2:402:10]
    strangers = [new_id() for _ in range(40)]
    for event_id in lost:
        await place.behind.remove(event_id)
    for event_id in changed:
        await place.behind.corrupt(event_id)
    await place.add(*(document(event_id, 8) for event_id in newer), *map(document, strangers))
    kinds = {"missing": lost, "different": changed, "other-version": newer, "stranger": strangers}
    return {(kind, str(event_id)) for kind, some in kinds.items() for event_id in some}


async def test_what_waits_to_be_written_is_no_difference(commanded: Commanded) -> None:
    await commanded.finish(3)

    code, out, _ = commanded.run("verify")

    assert code == 0
    assert "3 finished, 0 in the copy, 0 compared whole: equal" in out
    assert "3 wait to be written, which is no difference" in out
    assert commanded.verified()["waiting"] == 3


async def test_a_sample_says_how_likely_it_misses_something(commanded: Commanded) -> None:
    await commanded.finish(1)
    commanded.project()

    _, out, _ = commanded.run("verify", "--share", "0.1")

    assert "all of 10     with a chance of 34.9 %" in out
    assert "To compare every document: --full" in out


async def test_what_the_copy_refuses_is_told_apart_with_its_reason(elasticsearch_commanded: Commanded) -> None:
    commanded = elasticsearch_commanded
    [event_id] = await commanded.finish(1, IMPOSSIBLE)
    commanded.project()

    code, out, _ = commanded.run("verify")
    assert code == 0
    assert "1 refused by the copy" in out
    assert f"{event_id}  since " in out
    [refusal] = printed("index", "refusals", folder=commanded.installation.folder, **commanded.settings)["refusals"]
    assert refusal["event_id"] == str(event_id)
    assert "no-2026.11" in refusal["reason"]
    assert refusal["reason"] in commanded.run("refusals")[1]
    code, out, _ = commanded.run("rebuild")
    assert code == 0
    assert "1 of them were refused: " in out


async def test_of_no_events_there_is_nothing_to_verify_or_rebuild(commanded: Commanded) -> None:
    assert commanded.verified()["months"] == []
    assert commanded.run("rebuild")[:2] == (0, "Neither Postgres nor the search copy has anything of that time.\n")
    assert commanded.run("refusals") == (0, "", "The search copy refused nothing.\n")


async def test_a_day_means_its_month_and_other_months_are_left_alone(commanded: Commanded) -> None:
    [event_id] = await commanded.finish(1)
    commanded.project()
    await commanded.place.behind.remove(event_id)

    assert commanded.run("rebuild", "--to", "2020-01-31")[0] == 0
    assert commanded.differences() == {("missing", str(event_id))}
    assert commanded.run("rebuild", "--from", "2020-01-31")[0] == 0
    assert commanded.differences() == set()


def test_a_rebuild_that_is_broken_off_says_how_it_goes_on(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        silent.settimeout(60.0)
        rebuilding = installation.start("-m", "headrace.cli", "index", "rebuild", elasticsearch_url=url)
        with silent.accept()[0] as asking:
            assert asking.recv(1)  # its request has been sent: it does nothing now but wait for the answer
            rebuilding.signal(signal.SIGINT)
            assert rebuilding.exit_code(20.0) == 130
    said = "Broken off. What is built stays: the same command goes on from there.\n"
    assert rebuilding.log.read_text() == said


def test_where_search_is_off_there_is_nothing_to_verify_or_rebuild(installation: Installation, tmp_path: Path) -> None:
    for command in ("verify", "rebuild"):
        done = headrace("index", command, folder=tmp_path, **installation.settings(), search="false")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "Nothing is searched here: HEADRACE_SEARCH is false.\n"


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_a_copy_that_is_away_ends_a_command_with_a_sentence(
    installation: Installation, tmp_path: Path, command: str
) -> None:
    settings = {**installation.settings(), "elasticsearch_url": "http://headrace:hunter2@127.0.0.1:9"}

    done = headrace("index", command, folder=tmp_path, **settings)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The search copy at http://headrace:***@127.0.0.1:9 cannot be used: Elasticsearch cannot be reached.\n"
    )


def test_a_database_that_is_away_ends_a_command_with_a_sentence(tmp_path: Path) -> None:
    away = {"database_url": "postgresql://u:secret@127.0.0.1:9/x", "elasticsearch_url": "http://127.0.0.1:9"}
    for command in ("verify", "rebuild", "refusals"):
        done = headrace("index", command, folder=tmp_path, **away)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("The database at postgresql://u:***@127.0.0.1:9/x cannot be used: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--share", "1.1"),
        ("verify", "--share", "nan"),
        ("rebuild", "--from", "2026-13"),
        ("rebuild", "--from", "November"),
        ("rebuild", "--from", "2026-12", "--to", "2026-11"),
        ("refusals", "--limit", "0"),
    ],
)
def test_a_command_that_was_called_wrongly_says_so(tmp_path: Path, arguments: Sequence[str]) -> None:
    done = headrace("index", *arguments, folder=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr
