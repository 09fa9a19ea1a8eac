import os
import subprocess
import sys
from pathlib import Path

from headrace.embedded import read_services, remove_services, write_services

URLS = {
    "database_url": "postgresql://app@127.0.0.1:5432/headrace",
    "migrate_database_url": "postgresql://owner@127.0.0.1:5432/headrace",
    "redis_url": "redis://127.0.0.1:6379/0",
    "api_url": "http://127.0.0.1:8000",
}

WRITE = "import sys; from pathlib import Path; from headrace.embedded import write_services; write_services({})"


def test_announced_services_are_found_with_their_owner(tmp_path: Path) -> None:
    write_services(tmp_path, **URLS)
    assert read_services(tmp_path) == {**URLS, "pid": os.getpid()}
    assert (tmp_path / "services.json").stat().st_mode & 0o777 == 0o600


def test_services_of_a_process_that_is_gone_are_not_found(tmp_path: Path) -> None:
    call = WRITE.format(f"Path({str(tmp_path)!r}), **{URLS!r}")
    subprocess.run([sys.executable, "-c", call], check=True)
    assert (tmp_path / "services.json").exists()
    assert read_services(tmp_path) is None


def test_services_taken_back_are_not_found(tmp_path: Path) -> None:
    write_services(tmp_path, **URLS)
    remove_services(tmp_path)
    remove_services(tmp_path)
    assert read_services(tmp_path) is None


def test_a_file_that_is_no_announcement_is_ignored(tmp_path: Path) -> None:
    for content in ("", "[]", '{"pid": 1}', "{"):
        (tmp_path / "services.json").write_text(content)
        assert read_services(tmp_path) is None
