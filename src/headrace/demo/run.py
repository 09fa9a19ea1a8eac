"""The demo from its first line to its last."""

import asyncio
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from headrace.demo.checks import checks_of
from headrace.demo.evidence import Evidence
from headrace.demo.expected import expected_nodes
from headrace.demo.folder import empty_folder
from headrace.demo.narrator import Narrator
from headrace.demo.programs import running_programs
from headrace.demo.report import heading, judgement_of, report_of
from headrace.demo.webhooks import Webhook, recorded_webhooks
from headrace.demo.witness import witness
from headrace.embedded import EmbeddedServers
from headrace.store.migrate import migrate

#: Columns of what is printed where no terminal says how many it has.
PLAIN_COLUMNS = 120


def console_for_output() -> Console:
    """Standard output, without control codes unless it is a terminal."""
    if sys.stdout.isatty():
        return Console()
    return Console(force_terminal=False, no_color=True, width=PLAIN_COLUMNS)


def run_demo(folder: Path, console: Console) -> bool:
    """Run all of it with the data in `folder`, which is emptied first; says whether every check holds.

    Raises DemoFailed, ConfigurationError, and what `EmbeddedServers` raises. No process remains in any case.
    """
    webhooks = recorded_webhooks()
    with Narrator(console, len(webhooks)) as narrator:
        evidence = _run(folder.absolute(), webhooks, narrator)
    checks = checks_of(evidence.endings, evidence.kill, len(webhooks), expected_nodes)
    for part in (*report_of(evidence), *judgement_of(checks), *_farewell(folder, evidence)):
        console.print(part, soft_wrap=True)
    return all(check.holds for check in checks)


def _run(folder: Path, webhooks: Sequence[Webhook], narrator: Narrator) -> Evidence:
    empty_folder(folder)
    with EmbeddedServers(folder) as services:
        narrator.say("PostgreSQL and Valkey are up")
        migrate(services.migrate_database_url, "headrace", services.database_url)
        narrator.say("the schema is migrated")
        with running_programs(services, folder) as programs:
            evidence = asyncio.run(witness(programs, services, webhooks, narrator))
    narrator.say("every process has ended")
    return evidence


def _farewell(folder: Path, evidence: Evidence) -> Iterator[RenderableType]:
    """Where the data is, and what to type next."""
    headrace = "headrace" if shutil.which("headrace") else str(Path(sys.executable).with_name("headrace"))
    event_id = evidence.hit[0].event_id if evidence.hit else evidence.example.event_id
    yield heading("The data")
    yield Text(f"{folder.absolute()} holds the database of this run, and in logs what each process wrote.")
    yield heading("Next")
    yield Text(
        f"The same services on this data, until Ctrl-C, and meanwhile in a second terminal one of its events:\n"
        f"  {headrace} dev --data-dir {folder} --app headrace.demo.app\n"
        f"  HEADRACE_DATA_DIR={folder} {headrace} events show {event_id}\n"
        f"A first project of your own:\n"
        f"  {headrace} init hello && cd hello && {headrace} dev"
    )
