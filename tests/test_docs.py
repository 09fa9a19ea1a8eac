"""The code in the documentation runs as it stands."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from chaos.faults import FAULTS
from headrace import PipelineRegistry
from headrace.domain.query_language import parse_query
from headrace.engine.scheduling import DeclaredSchedule

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PIPELINES = (ROOT / "docs" / "pipelines.md").read_text()
SEARCHING = (ROOT / "docs" / "searching.md").read_text()
SCHEDULES = (ROOT / "docs" / "schedules.md").read_text()
PROMISES = (ROOT / "docs" / "promises.md").read_text()

#: Each section from its heading to the next one of the same level; the first is what stands before them.
INTRODUCTION, *SECTIONS = re.split(r"^## ", PIPELINES, flags=re.MULTILINE)


def code_of(section: str) -> str:
    return "\n\n".join(re.findall(r"^```python\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL))


def heading_of(section: str) -> str:
    return section.partition("\n")[0]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An empty one that can be imported, as that of a program."""
    module = ModuleType("code_of_documentation")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def run(code: str, module: ModuleType) -> Sequence[DeclaredSchedule]:
    """Run it as a program; returns what it has recur."""
    with PipelineRegistry.isolated():
        exec(code, vars(module))  # noqa: S102  # it is our own
        PipelineRegistry.check()
        return PipelineRegistry.schedules()


@pytest.mark.parametrize("section", [part for part in SECTIONS if code_of(part)], ids=heading_of)
def test_the_code_runs_of(section: str, module: ModuleType) -> None:
    run(f"{code_of(INTRODUCTION)}\n{code_of(section)}", module)


def test_the_code_of_the_readme_runs(module: ModuleType) -> None:
    run(code_of(README), module)
    context = module.documents.run({"pages": ["Dear Ada,", "yours, Charles"]})
    assert context.nodes == {"length": "read", "read": [2, 2], "total": 4}


def test_the_code_of_the_page_on_searching_runs(module: ModuleType) -> None:
    run(code_of(SEARCHING), module)
    [mark] = module.invoices.run({"number": 7, "text": "hello"}).metadata["search"]
    assert mark["index"] == "invoices"


def test_the_code_of_the_page_on_schedules_runs(module: ModuleType) -> None:
    found = {schedule.name: schedule.type for schedule in run(code_of(SCHEDULES), module)}
    assert found == {"workdays": "digest.due", "twice_a_day": "headrace.task"}


def test_every_query_of_the_page_on_searching_is_understood() -> None:
    blocks = re.findall(r"^```query\n(.*?)^```", SEARCHING, flags=re.MULTILINE | re.DOTALL)
    tables = re.findall(r"^\| clause .*\n\|[-|]+\n((?:\|.*\n)+)", SEARCHING, flags=re.MULTILINE)
    queries = [*blocks, *(row for table in tables for row in re.findall(r"^\| `(.*?)` \|", table, flags=re.MULTILINE))]
    assert len(queries) > 30
    for query in queries:
        assert parse_query(query.strip()).clauses


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [PIPELINES, SEARCHING], ids=heading_of)
def test_every_link_within_a_page_leads_somewhere(page: str) -> None:
    headings = {anchor_of(heading) for heading in re.findall(r"^#+ (.*)$", page, flags=re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) <= headings


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")]))
def test_every_file_that_is_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_promise_names_tests_that_are_there() -> None:
    _, *promises = re.split(r"^## \d+\. ", PROMISES, flags=re.MULTILINE)
    assert len(promises) == 13
    for promise in promises:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", promise)
        assert named or heading_of(promise) == "Search never lies for long"
        assert not [f"{file}::{test}" for file, test in named if f"def {test}(" not in (ROOT / file).read_text()]


def test_every_file_and_every_fault_that_a_promise_names_is_there() -> None:
    files = set(re.findall(r"tests/[\w/]+\.py", PROMISES))
    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []
    named = set(re.findall(r"\bF\d+\b", PROMISES))
    assert named
    assert sorted(named - {fault.name for fault in FAULTS}) == []
