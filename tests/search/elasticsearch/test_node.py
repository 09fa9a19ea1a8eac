"""The node that tests share: it ends with the last process that uses it, however that ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.elasticsearch import answers
from tests.support.processes import processes_in
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]

#: Uses the node until its input ends.
USER = """
import sys
from pathlib import Path
from tests.support.elasticsearch import shared_elasticsearch

with shared_elasticsearch(Path(sys.argv[1]), Path(sys.argv[2])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def use(folder: Path, program: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", USER, str(folder), str(program)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def url_of(user: "subprocess.Popen[str]") -> str:
    assert user.stdout is not None
    return user.stdout.readline().strip()


@pytest.mark.slow
@pytest.mark.services
def test_it_ends_with_its_last_user_and_begins_with_the_next(tmp_path: Path, elasticsearch_program: Path) -> None:
    folder = tmp_path / "shared"
    with use(folder, elasticsearch_program) as first, use(folder, elasticsearch_program) as second:
        url = url_of(first)
        assert url_of(second) == url
        first.communicate()
        assert answers(url)
        second.communicate()
        assert not processes_in(folder)
    with use(folder, elasticsearch_program) as third:
        assert answers(url_of(third))
        third.kill()
    wait_until(lambda: not processes_in(folder), "the node ends though nobody stopped it")
