import os
import pwd
import sys
from pathlib import Path

import psutil
import pytest

from headrace.embedded import EmbeddedFailed, EmbeddedServers
from tests.embedded.support import ask, owner_process

pytestmark = pytest.mark.services

is_root = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux",
    reason="needs root, on Linux; every other test runs as this user",
)


@is_root
def test_root_runs_the_servers_as_nobody_and_changes_no_folder_on_the_way(data_dir: Path) -> None:
    data_dir.parent.chmod(0o700)
    with EmbeddedServers(data_dir) as services:
        for pid in (services.postgres_pid, services.valkey_pid):
            assert psutil.Process(pid).uids().real == pwd.getpwnam("nobody").pw_uid
        assert ask(services.database_url, "SELECT 1") == [1]
    for folder in (data_dir, data_dir.parent):
        status = folder.stat()
        assert (status.st_uid, status.st_mode & 0o777) == (0, 0o700)


@is_root
def test_another_user_runs_the_servers_as_himself_and_root_may_use_his_data_later(data_dir: Path) -> None:
    user = pwd.getpwnam("nobody")
    data_dir.mkdir()
    os.chown(data_dir, user.pw_uid, user.pw_gid)
    # The capability is for this Python and the temporary folder: both may lie below private ones of root.
    prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    with owner_process(data_dir, prefix=prefix) as (owner, services):
        assert ask(services["database_url"], "SELECT 1") == [1]
        for pid in (owner.pid, services["postgres_pid"], services["valkey_pid"]):
            assert psutil.Process(pid).uids().real == user.pw_uid
        owner.communicate()
    assert {path.stat().st_uid for path in data_dir.rglob("*")} == {user.pw_uid}
    with EmbeddedServers(data_dir) as again:
        assert ask(again.database_url, "SELECT 1") == [1]


def test_a_place_that_cannot_be_a_data_directory_is_named(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("not a folder")
    with pytest.raises(EmbeddedFailed, match=str(place)):
        EmbeddedServers(place).start()
