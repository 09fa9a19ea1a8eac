import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def written() -> dict[str, str]:
    """The rows of `docs/licences.md`: package -> licence as it declares it."""
    rows = re.findall(r"^\| ([\w.-]+) \| ([^|]+) \|", (ROOT / "docs/licences.md").read_text(), re.MULTILINE)
    return {name: licence.strip() for name, licence in rows if name not in {"package", "---"}}


def declared(package: Distribution) -> str:
    """The licence expression; in older metadata the classifiers, else the first line of the free text."""

    def values(field: str) -> list[str]:
        return package.metadata.get_all(field) or []

    classifiers = [name.rpartition(" :: ")[2] for name in values("Classifier") if name.startswith("License ::")]
    candidates = [*values("License-Expression"), ", ".join(classifiers), *values("License"), "none declared"]
    return next(filter(None, candidates)).splitlines()[0]


def needed(requirement: Requirement, seen: set[tuple[str, str]]) -> Iterator[Distribution]:
    """Each installed distribution that `requirement` leads to, through its extras too."""
    package = distribution(requirement.name)
    yield package
    for extra in {"", *requirement.extras}:
        key = (canonicalize_name(requirement.name), extra)
        if key in seen:
            continue
        seen.add(key)
        for line in package.requires or []:
            child = Requirement(line)
            if child.marker is None or child.marker.evaluate({"extra": extra}):
                yield from needed(child, seen)


def installed() -> dict[str, str]:
    packages = needed(Requirement("headrace[embedded,elasticsearch]"), set())
    found = {canonicalize_name(package.metadata["Name"]): declared(package) for package in packages}
    return {name: licence for name, licence in found.items() if name != "headrace"}


def test_every_runtime_dependency_is_listed_with_the_licence_that_it_declares() -> None:
    listed = written()
    assert installed().items() <= listed.items(), {
        name: licence for name, licence in installed().items() if listed.get(name) != licence
    }


def test_the_list_names_nothing_that_the_lock_file_does_not() -> None:
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements/runtime.txt").read_text(), re.MULTILINE)
    assert written().keys() <= {canonicalize_name(name) for name in locked}
