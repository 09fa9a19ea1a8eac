"""`headrace dev` as its user meets it, in one run."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Client

from bench.ports import free_port
from tests.cli.support import DevelopmentRun, frames, headrace, printed
from tests.support.processes import check_none_remains
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.services]

#: A program whose first attempt at an event of the type `hard` fails and would not come again for an hour.
PROGRAM = """
from pathlib import Path

from headrace import EventSchema, Pipeline, RetryAfter


class Hard(EventSchema, type="hard"):
    pass


class Easy(EventSchema, type="easy"):
    number: int


hard = Pipeline("hard", Hard)
easy = Pipeline("easily", Easy)


@hard.node
def work(event: Hard) -> str:
    return decide(Path("tried"))


@easy.node
async def answer(event: Easy) -> str:
    return "first"


def decide(path: Path) -> str:
    if not path.exists():
        path.touch()
        raise RetryAfter(3600, "not yet")
    return "done"
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevelopmentRun]:
    """A `headrace dev` with the program `shop`, which another test may have changed."""
    folder = tmp_path_factory.mktemp("development")
    (folder / "shop.py").write_text(PROGRAM)
    development = DevelopmentRun(folder, "--app", "shop", retry_delay_cap_seconds="3600")
    development.wait_until_ready()
    development.wait_until_is(development.send("easy", number=1), "succeeded")
    yield development
    development.stop()
    check_none_remains(folder)


@pytest.fixture
def development(run: DevelopmentRun) -> Iterator[DevelopmentRun]:
    """The run, with its program as it was at first, and a log that begins now."""
    yield run
    if (run.folder / "shop.py").read_text() != PROGRAM:
        change(run, PROGRAM)
        run.wait_until_says("shop is loaded anew")
    # A worker that has just been started may still read a module that the next test changes.
    run.wait_until_is(run.send("easy", number=1), "succeeded")
    run.forget()


def change(development: DevelopmentRun, program: str) -> None:
    development.forget()
    (development.folder / "shop.py").write_text(program)


def test_each_event_has_a_line_when_it_is_accepted_and_when_it_is_finished(development: DevelopmentRun) -> None:
    event_id = development.send("easy", number=1)
    wait_until(lambda: development.log().count(event_id) == 2, "two lines name the event")
    accepted, finished = (line for line in development.log().splitlines() if event_id in line)
    assert "accepted" in accepted
    assert "succeeded" in finished
    assert "type=easy" in accepted
    assert "type=easy" in finished


def test_each_event_of_a_batch_has_its_line(development: DevelopmentRun) -> None:
    answer = development.client.post("/events/batch", json=[{"type": "easy", "number": number} for number in range(3)])
    ids = [item["id"] for item in answer.json()["items"]]
    wait_until(lambda: all(development.log().count(found) == 2 for found in ids), "two lines name each event")


def test_a_failed_attempt_is_told_with_the_users_frames_and_the_command_to_retry_now(
    development: DevelopmentRun,
) -> None:
    (development.folder / "tried").unlink(missing_ok=True)
    event_id = development.send("hard")
    command = f"headrace events retry-now {event_id}"
    development.wait_until_says(command)
    log = development.log()
    shop = development.folder / "shop.py"
    for function, line in (("work", 'return decide(Path("tried"))'), ("decide", 'raise RetryAfter(3600, "not yet")')):
        number = next(number for number, text in enumerate(PROGRAM.splitlines(), 1) if text.strip() == line)
        assert f"\n  {shop}:{number} in {function}: {line}\n" in log
    assert "not yet" in log
    assert "runs again at " in log
    assert "site-packages" not in log
    assert "headrace/engine" not in log

    moved = printed(*command.split()[1:], folder=development.folder)

    assert (moved["count"], moved["refused"]) == (1, [])
    event = development.wait_until_is(event_id, "succeeded")
    assert event["task_context"]["nodes"]["work"] == "done"
    assert len(event["attempts"]) == 1


def test_other_commands_in_the_same_folder_find_the_services(development: DevelopmentRun) -> None:
    sent = printed("send", "easy", "number=7", folder=development.folder)
    development.wait_until_is(sent["id"], "succeeded")
    listed = printed("events", "list", "--type", "easy", "--limit", "1", folder=development.folder)
    assert listed["events"][0]["id"] == sent["id"]
    assert all(found["ok"] for found in printed("check", "--app", "shop", folder=development.folder))
    assert printed("migrate", folder=development.folder)["schema"] == "headrace"


def test_commands_elsewhere_do_not_find_them(development: DevelopmentRun, tmp_path: Path) -> None:
    done = headrace("check", folder=tmp_path)
    assert done.returncode == 1


def test_a_changed_module_is_loaded_anew_and_no_event_is_refused_meanwhile(development: DevelopmentRun) -> None:
    stopping = threading.Event()
    answers: list[int] = []

    def post() -> None:
        url = f"http://127.0.0.1:{development.port}/events"
        while not stopping.is_set():
            with Client(timeout=30.0) as client:
                answers.append(client.post(url, json={"type": "easy", "number": 0}).status_code)

    posting = threading.Thread(target=post)
    posting.start()
    try:
        change(development, PROGRAM.replace('"first"', '"second"'))
        development.wait_until_says("shop is loaded anew")
    finally:
        stopping.set()
        posting.join()
    assert set(answers) == {202}
    event = development.wait_until_is(development.send("easy", number=1), "succeeded")
    assert event["task_context"]["nodes"]["answer"] == "second"
    assert "changed=shop.py" in development.log()


def test_a_broken_module_is_shown_with_its_own_frames_and_the_former_one_goes_on(development: DevelopmentRun) -> None:
    change(development, f"{PROGRAM}\nimport json\njson.loads('{{')\n")
    development.wait_until_says("shop cannot be loaded; the former one goes on")
    log = development.log()
    assert frames(log) == [str(development.folder / "shop.py")]
    assert "JSONDecodeError" in log
    assert development.wait_until_is(development.send("easy", number=1), "succeeded")

    change(development, PROGRAM.replace('"first"', '"mended"'))
    development.wait_until_says("shop is loaded anew")
    event = development.wait_until_is(development.send("easy", number=1), "succeeded")
    assert event["task_context"]["nodes"]["answer"] == "mended"


def test_a_module_whose_import_hangs_can_be_mended(development: DevelopmentRun) -> None:
    hang = "from pathlib import Path\nPath('hangs').touch()\nimport threading\nthreading.Event().wait()\n"
    change(development, hang)
    wait_until((development.folder / "hangs").exists, "the import hangs")
    assert development.wait_until_is(development.send("easy", number=1), "succeeded")
    change(development, PROGRAM.replace('"first"', '"freed"'))
    development.wait_until_says("shop is loaded anew")


def test_mistakes_of_pipelines_are_all_told(development: DevelopmentRun) -> None:
    unknown = "\n@easy.node\ndef one(event: Easy, nowhere: str) -> str: ...\n"
    change(development, PROGRAM + unknown + unknown.replace("one", "two"))
    development.wait_until_says("the former one goes on")
    assert "2 problems" in development.log()
    assert "Traceback" not in development.log()


def test_an_api_that_dies_is_started_again(development: DevelopmentRun) -> None:
    development.forget()
    api = next(child for child in development.program.children() if "api" in child.cmdline())
    api.kill()
    development.wait_until_says("the api ended by itself; it is started again")
    assert development.wait_until_is(development.send("easy", number=1), "succeeded")


@pytest.mark.parametrize("same_port", [True, False])
def test_a_second_one_in_the_same_folder_is_told_that_the_first_is_there(
    development: DevelopmentRun, same_port: bool
) -> None:
    port = development.port if same_port else free_port()
    done = headrace("dev", "--port", str(port), folder=development.folder)
    assert done.returncode == 1
    assert str(development.program.pid) in done.stderr
    assert ("runs already in" if same_port else "is in use by process") in done.stderr
    assert "Traceback" not in done.stderr
    assert printed("events", "list", folder=development.folder)["events"] is not None


def test_a_taken_port_is_a_sentence_and_nothing_is_made(development: DevelopmentRun, tmp_path: Path) -> None:
    done = headrace("dev", "--port", str(development.port), folder=tmp_path)
    assert done.returncode == 2
    assert f"Port {development.port} on 127.0.0.1 is taken by another program" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_logged_that_says_nothing_to_its_reader(development: DevelopmentRun) -> None:
    whole = development.program.log.read_text()
    for noise in (
        "alembic",
        "watchfiles",
        "Started server process",
        "psycopg.pool",
        'Traceback (most recent call last):\n  File "<',
    ):
        assert noise not in whole
    services = json.loads((development.folder / ".headrace" / "services.json").read_text())
    passwords = {
        services[name].partition("@")[0].rpartition(":")[2] for name in ("database_url", "migrate_database_url")
    }
    assert not [password for password in passwords if password in whole]
