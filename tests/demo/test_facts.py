import pytest

from headrace.demo import facts


def test_people_are_named_with_their_parts_and_organizations_are_not_people() -> None:
    payload = {
        "sender": {"login": "ann", "type": "User"},
        "issue": {"assignees": [{"login": "ann", "type": "User"}, {"login": "ben", "type": "User"}]},
        "organization": {"login": "acme", "type": "Organization"},
    }
    assert facts.people_of(payload) == {"ann": ["assignees", "sender"], "ben": ["assignees"]}


def test_a_change_of_a_login_is_nobody() -> None:
    assert facts.people_of({"changes": {"login": {"from": "old-name"}}}) == {}


@pytest.mark.parametrize(
    ("payload", "summary"),
    [
        ({"action": "opened", "issue": {"title": "No light"}}, "ann: issues opened “No light” in acme/lamps."),
        ({}, "ann: issues in acme/lamps."),
    ],
)
def test_a_summary_leaves_out_what_a_webhook_does_not_say(payload: facts.Payload, summary: str) -> None:
    assert facts.summary_of("issues", payload, {"ann": ["sender"]}, "acme/lamps") == summary


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("Thanks!", "thankful"),
        ("Is it on?", "asking"),
        ("The lamp is broken", "complaining"),
        ("The lamp is on", "neutral"),
    ],
)
def test_the_tone_is_told_by_words(text: str, tone: str) -> None:
    assert facts.tone_of(text) == tone


@pytest.mark.parametrize(
    ("size", "reviewers", "base", "risk"),
    [
        ("small", ["ann"], "topic", "low"),
        ("small", ["ann"], "main", "low"),
        ("large", ["ann"], "main", "medium"),
        ("huge", [], "master", "high"),
    ],
)
def test_risk_grows_with_size_with_nobody_who_looks_and_with_the_base(
    size: str, reviewers: list[str], base: str, risk: str
) -> None:
    assert facts.risk_of(size, reviewers, base) == risk


@pytest.mark.parametrize(("lines", "size"), [(10, "small"), (11, "medium"), (1000, "large"), (1001, "huge")])
def test_a_size_ends_with_its_last_line(lines: int, size: str) -> None:
    assert facts.size_of({"additions": lines, "deletions": 0}) == size


def test_a_push_tells_its_commits_and_files() -> None:
    commit = {
        "id": "0123456789",
        "author": {"name": "Ann"},
        "message": "Add a lamp\n\nIt is bright.",
        "added": ["lamp"],
        "removed": [],
        "modified": ["room", "wall"],
    }
    push = {"ref": "refs/heads/a/b", "commits": [commit], "deleted": False}
    assert facts.branch_of(push) == "a/b"
    assert facts.commits_of(push) == [{"id": "0123456", "author": "Ann", "title": "Add a lamp"}]
    assert facts.files_of(push) == {"added": 1, "removed": 0, "modified": 2}
