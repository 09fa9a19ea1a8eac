"""Single commands against a running API, a database and a Redis."""

from dataclasses import asdict, replace
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import Client

from headrace.domain.ids import new_id
from headrace.store.server import REVISION, ServerFacts
from tests.cli.support import frames, headrace, printed
from tests.support.installation import Installation
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(installation: Installation) -> dict[str, str]:
    """How a command finds the installation's database and Redis."""
    return {**installation.settings(), "migrate_database_url": installation.storage.services.migrate_database_url}


@pytest.fixture
def api_url(installation: Installation) -> str:
    """An API with pipelines and no worker behind it."""
    client: Client = installation.start_api("tickets")[1]
    return str(client.base_url).rstrip("/")


def test_events_are_sent_listed_and_shown(api_url: str, tmp_path: Path) -> None:
    fields = ['subject="42"', "body=none, yet", "urgent=true", "weight=1e400", "tags=[1, 2]", "note=NaN", "at=a=b"]
    sent = printed("send", "ticket.opened", *fields, folder=tmp_path, api_url=api_url)
    headrace("send", "ticket.closed", folder=tmp_path, api_url=api_url)

    shown = printed("events", "show", sent["id"], folder=tmp_path, api_url=api_url)
    assert shown["data"] == {
        "type": "ticket.opened",
        "subject": "42",
        "body": "none, yet",
        "urgent": True,
        "weight": "1e400",
        "tags": [1, 2],
        "note": "NaN",
        "at": "a=b",
    }
    listed = printed("events", "list", "--type", "ticket.opened", "--state", "queued", folder=tmp_path, api_url=api_url)
    assert [event["id"] for event in listed["events"]] == [sent["id"]]
    page = headrace("events", "list", "--limit", "1", folder=tmp_path, api_url=api_url)
    assert "ticket.closed" in page.stdout
    cursor = page.stderr.split()[-1]
    rest = headrace("events", "list", "--cursor", cursor, folder=tmp_path, api_url=api_url)
    assert rest.stdout.startswith(sent["id"])


def test_an_event_that_is_sent_again_with_its_key_is_the_same_event(api_url: str, tmp_path: Path) -> None:
    send = ("send", "ticket.closed", "--idempotency-key", " Ticket no. 7 ✓")
    sent = [printed(*send, "number=7", folder=tmp_path, api_url=api_url) for _ in range(2)]
    assert sent[0] == sent[1]
    refused = headrace(*send, "number=8", folder=tmp_path, api_url=api_url)
    assert refused.returncode == 1
    assert "[idempotency-key-reused]" in refused.stderr


def test_an_event_is_shown_to_people_and_drawn(api_url: str, tmp_path: Path) -> None:
    sent = printed("send", "ticket.opened", folder=tmp_path, api_url=api_url)
    shown = headrace("events", "show", sent["id"], folder=tmp_path, api_url=api_url)
    assert shown.stdout.startswith(f"{sent['id']}  ticket.opened  queued  since ")
    assert "\x1b" not in shown.stdout
    drawn = headrace("events", "show", sent["id"], "--mermaid", folder=tmp_path, api_url=api_url)
    assert drawn.stdout.startswith("flowchart TD\n")


def test_what_the_api_refuses_is_told_with_the_place_of_each_fault(api_url: str, tmp_path: Path) -> None:
    done = headrace("send", "ticket.opened", "subject=1", "body=[]", folder=tmp_path, api_url=api_url)
    assert done.returncode == 1
    assert "[schema-mismatch]" in done.stderr
    assert "\n  /subject: " in done.stderr
    assert "\n  /body: " in done.stderr
    for arguments in (["events", "list", "--state", "lost"], ["events", "show", str(new_id())]):
        refused = headrace(*arguments, folder=tmp_path, api_url=api_url)
        assert refused.returncode == 1
        assert "[" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_stored_event_is_run_here_and_stays_as_it_was(
    installation: Installation, api_url: str, tmp_path: Path
) -> None:
    sent = printed("send", "ticket.opened", "subject=1x", "body=my invoice", folder=tmp_path, api_url=api_url)
    done = headrace("run", sent["id"], "--app", "app", folder=installation.folder, api_url=api_url)
    assert done.returncode == 0, done.stderr
    assert '{"to":"billing","text":"Re: 1x"}' in done.stdout
    assert done.stdout.endswith("succeeded\n")
    shown = printed("events", "show", sent["id"], folder=tmp_path, api_url=api_url)
    assert (shown["state"], shown["task_context"]) == ("queued", None)


def test_of_an_event_that_waits_what_is_kept_is_not_called_again(installation: Installation, tmp_path: Path) -> None:
    api_url = str(installation.start_api("charges")[1].base_url).rstrip("/")
    installation.start_worker("charges")
    sent = printed("send", "ordered", "amount=4", folder=tmp_path, api_url=api_url)
    installation.wait_until_all_are("waiting", [UUID(sent["id"])])
    done = headrace("run", sent["id"], "--app", "app", folder=installation.folder, api_url=api_url)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1].split() == ["reserve", "known", "40"]
    assert done.stdout.endswith("failed: charge\n")


def test_another_server_than_the_api_is_told_apart(installation: Installation, tmp_path: Path) -> None:
    page = "from http.server import *; s = HTTPServer(('127.0.0.1', 0), SimpleHTTPRequestHandler)\n"
    page += "print(s.server_port, flush=True); s.serve_forever()"
    server = installation.start("-u", "-c", page)
    wait_until(lambda: "\n" in server.log.read_text(), "it listens")
    port = server.log.read_text().split()[0]
    done = headrace("events", "list", folder=tmp_path, api_url=f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    assert "is no Headrace API (404)" in done.stderr


def test_check_finds_nothing_wrong_and_counts_the_connections(
    installation: Installation, settings: dict[str, str], api_url: str, tmp_path: Path
) -> None:
    findings = {found["name"]: found for found in printed("check", "--app", "app", folder=tmp_path, **settings)}
    assert all(found["ok"] for found in findings.values())
    assert findings["app"]["detail"] == "app: tickets (ticket.opened)"
    connections = installation.storage.value("SELECT sum(connections) FROM headrace.workers WHERE expires > now()")
    assert connections > 0
    assert f"open at most {connections} of the " in findings["connections"]["detail"]


def test_check_says_when_live_processes_may_open_too_many_connections(
    installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    worker: UUID = installation.storage.add_worker()
    installation.storage.rows("UPDATE headrace.workers SET connections = 5000 WHERE id = %s", worker)
    done = headrace("check", folder=tmp_path, **settings)
    assert done.returncode == 1
    assert "PROBLEM  connections: 1 live processes open at most 5000" in done.stdout
    assert "Raise max_connections" in done.stdout


def test_check_says_of_every_missing_service_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def classify(:\n")
    away = {"database_url": "postgresql://u:secret@127.0.0.1:9/x", "redis_url": "redis://:secret@127.0.0.1:9/0"}
    done = headrace("check", folder=tmp_path, app="app", **away)
    assert done.returncode == 1
    problems = [line for line in done.stdout.splitlines() if line.startswith("PROBLEM")]
    assert [line.split()[1] for line in problems] == ["app:", "database:", "redis:"]
    assert "SyntaxError" in done.stdout
    assert "HEADRACE_DATABASE_URL" in done.stdout
    assert "HEADRACE_REDIS_URL" in done.stdout
    assert "secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "pool" not in done.stderr


def test_without_a_database_a_sentence_says_so(tmp_path: Path) -> None:
    away = "postgresql://u:secret@127.0.0.1:9/x"
    done = headrace("migrate", folder=tmp_path, database_url=away)
    assert done.returncode == 1
    assert done.stderr.startswith("The database at postgresql://u:***@127.0.0.1:9/x cannot be used: ")
    assert done.stderr.count("\n") == 1


def test_migrate_makes_the_schema_and_says_where_it_is(
    installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    settings["database_schema"] = "made_by_command"
    before = headrace("events", "retry-now", str(new_id()), folder=tmp_path, **settings)
    assert before.returncode == 1
    assert "Traceback" not in before.stderr
    assert "Run `headrace migrate`" in headrace("check", folder=tmp_path, **settings).stdout
    assert "Run `headrace migrate`" in headrace("worker", folder=tmp_path, **settings).stderr
    try:
        moved = printed("migrate", folder=tmp_path, **settings)
        assert moved["schema"] == "made_by_command"
        installation.storage.rows("UPDATE made_by_command.alembic_version SET version_num = '9999'")
        newer = headrace("migrate", folder=tmp_path, **settings)
        assert newer.returncode == 2
        assert "newer release" in newer.stderr
        assert "Traceback" not in newer.stderr
    finally:
        installation.storage.rows("DROP SCHEMA IF EXISTS made_by_command CASCADE")


def test_migrate_as_a_role_that_may_not_is_a_sentence(settings: dict[str, str], tmp_path: Path) -> None:
    settings |= {"migrate_database_url": settings["database_url"], "database_schema": "forbidden"}
    done = headrace("migrate", folder=tmp_path, **settings)
    assert done.returncode == 1
    assert "permission denied" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_broken_module_is_shown_with_its_own_frames_alone(
    command: str, settings: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("import json\n\ndef read():\n    json.loads('{')\n\nread()\n")
    done = headrace(command, "--app", "broken", folder=tmp_path, **settings)
    assert done.returncode == 1
    assert frames(done.stderr) == [str(tmp_path / "broken.py")] * 2
    assert "JSONDecodeError" in done.stderr


@pytest.mark.parametrize("name", ["nowhere", "shop.nowhere"])
def test_a_missing_module_is_told_with_the_place_where_it_was_sought(
    name: str, settings: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "shop.py").write_text("")
    done = headrace("worker", "--app", name, folder=tmp_path, **settings)
    assert done.returncode == 2
    assert f"no module '{name}' in {tmp_path}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_module_that_misses_another_one_is_shown_where_it_asks_for_it(
    settings: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "shop.py").write_text("import nowhere\n")
    done = headrace("worker", "--app", "shop", folder=tmp_path, **settings)
    assert done.returncode == 1
    assert frames(done.stderr) == [str(tmp_path / "shop.py")]
    assert "No module named 'nowhere'" in done.stderr


def test_a_taken_port_is_a_sentence(settings: dict[str, str], api_url: str, tmp_path: Path) -> None:
    port = api_url.rpartition(":")[2]
    done = headrace("api", "--port", port, folder=tmp_path, **settings)
    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr


SOUND = ServerFacts(180_000, "18.0", "on", "on", "", 97, is_read_only=False, revision=REVISION)


def test_a_server_that_is_read_only_is_told_but_no_reason_not_to_start() -> None:
    facts = replace(SOUND, is_read_only=True)
    assert facts.problems() == []
    [problem] = facts.problems_now()
    assert "HEADRACE_DATABASE_URL" in problem


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version_number": 140_000}, "too old"),
        ({"fsync": "off"}, "Set fsync = on"),
        ({"synchronous_commit": "off"}, "Set it to on"),
        ({"synchronous_commit": "local", "standbys": "other"}, "Set it to on"),
        ({"revision": None}, "headrace migrate"),
        ({"revision": "0000"}, "headrace migrate"),
        ({"revision": f"{int(REVISION) + 2:04}"}, "install that one"),
    ],
)
def test_a_server_that_could_lose_events_is_refused_with_a_remedy(change: dict[str, object], told: str) -> None:
    assert SOUND.problems() == SOUND.warnings() == []
    [problem] = ServerFacts(**{**asdict(SOUND), **change}).problems()
    assert told in problem


def test_a_schema_of_the_next_release_is_warned_of_and_all_problems_are_told_at_once() -> None:
    ahead = replace(SOUND, revision=f"{int(REVISION) + 1:04}")
    assert ahead.problems() == []
    assert "Install that release" in ahead.warnings()[0]
    assert len(replace(SOUND, fsync="off", synchronous_commit="off", revision=None).problems()) == 3
