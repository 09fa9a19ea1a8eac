import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import logging
import structlog
from headrace.settings.logs import configure_logging

configure_logging("info", {log_format!r})
log = structlog.get_logger("headrace.some")
log.debug("unseen")
log.info("connected", url="postgresql://u:hidden@h/db")
logging.getLogger("psycopg.pool").warning("lost %s", "redis://:hidden@h/0")
for name in ("celery.worker", "kombu", "httpx", "uvicorn.access"):
    logging.getLogger(name).info("unseen")
logging.getLogger("celery.task.users").info("task says")
logging.getLogger("uvicorn.error").warning("exceeded")
try:
    password = "hid" + "den"
    raise ValueError("refused http://u:hidden@h")
except ValueError:
    log.exception("failed")
"""


def output(folder: Path, log_format: str) -> list[str]:
    program = PROGRAM.format(log_format=log_format)
    command = [sys.executable, "-c", program]
    finished = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert finished.stdout == ""
    return finished.stderr.splitlines()


def test_our_lines_and_those_of_libraries_are_json_of_one_form(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in output(tmp_path, "auto")]
    assert [(line["logger"], line["level"], line["message"]) for line in lines] == [
        ("headrace.some", "info", "connected"),
        ("psycopg.pool", "warning", "lost redis://:***@h/0"),
        ("celery.task.users", "info", "task says"),
        ("uvicorn.error", "warning", "exceeded"),
        ("headrace.some", "error", "failed"),
    ]
    assert lines[0]["url"] == "postgresql://u:***@h/db"
    assert lines[0]["timestamp"].endswith("Z")
    assert "ValueError: refused http://u:***@h" in lines[-1]["exception"]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_form_shows_a_password(tmp_path: Path, log_format: str) -> None:
    text = "\n".join(output(tmp_path, log_format))
    assert "connected" in text
    assert "***" in text
    assert "'hidden'" not in text
    assert ":hidden@" not in text
    assert "unseen" not in text
