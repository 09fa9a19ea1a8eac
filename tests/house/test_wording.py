import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Each written so that it does not find itself.
FORBIDDEN = {
    "a package registry's host": r"(?:pypi|pythonhosted|npmjs|rubygems)[.]org|npmjs[.]com|crates[.]io",
    "the address of an index": r"index[-]url",
    "a folder of one machine": r"(?<![\w.])/(?:work|root|tmp)/",
    "a folder beside the project": r"[.][.]/shared",
}


def own_files() -> list[Path]:
    """What a commit of everything would hold, but for recorded data, which says what its source said."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in names if not name.endswith(".jsonl") and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    files = own_files()
    assert files
    hits = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:90]}"
        for path in files
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not hits


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a package registry's host", "https://" + "pypi" + ".org/simple"),
        ("the address of an index", "--index" + "-url x"),
        ("a folder of one machine", "cd " + "/work" + "/main"),
        ("a folder beside the project", ".." + "/shared/data"),
    ],
)
def test_the_pattern_finds(what: str, line: str) -> None:
    assert re.search(FORBIDDEN[what], line)
