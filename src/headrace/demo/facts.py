"""What can be said of a webhook: plain functions of its payload, which know nothing of events and pipelines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: A webhook's body as GitHub sends it.
Payload = Mapping[str, Any]

#: By login, the parts that somebody has in a webhook: `{"octocat": ["assignees", "sender"]}`.
People = dict[str, list[str]]

#: Where a payload keeps what it is about, the most telling place first.
_SUBJECTS = (
    "pull_request", "issue", "discussion", "release", "milestone", "label", "check_run", "workflow_job",
    "workflow_run", "workflow", "security_advisory", "rule", "team", "member", "blocked_user", "forkee", "package",
    "key", "project", "project_column", "organization",
)  # fmt: skip

#: What a subject calls its name.
_TITLES = ("title", "name", "summary", "tag_name", "login")

#: Words by which a text shows its tone.
_TONES: Mapping[str, Sequence[str]] = {
    "thankful": ("thank", "great", "good", "right"),
    "asking": ("?", "how ", "why ", "should"),
    "complaining": ("error", "bug", "broken", "accident", "fail"),
}

#: Changed lines up to which a pull request has a size.
_SIZES: Mapping[str, int] = {"small": 10, "medium": 200, "large": 1000}


def people_of(payload: Payload) -> People:
    """Everybody whom the payload names, without organizations."""
    found: dict[str, set[str]] = {}
    for part, login in _logins(payload, "self"):
        found.setdefault(login, set()).add(part)
    return {login: sorted(parts) for login, parts in sorted(found.items())}


def _logins(value: object, part: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _logins(item, part)
    elif isinstance(value, dict):
        if isinstance(value.get("login"), str) and value.get("type") != "Organization":
            yield part, value["login"]
        for key, item in value.items():
            yield from _logins(item, key)


def repository_of(payload: Payload) -> str | None:
    """The repository's full name; None for a webhook about something else."""
    repository = payload.get("repository")
    return repository["full_name"] if repository else None


def subject_of(payload: Payload) -> str | None:
    """The title or name of what the webhook is about."""
    subjects = (payload[place] for place in _SUBJECTS if isinstance(payload.get(place), dict))
    return next((str(subject[title]) for subject in subjects for title in _TITLES if subject.get(title)), None)


def actor_of(people: People) -> str:
    """Who did it."""
    return next((login for login, parts in people.items() if "sender" in parts), "GitHub")


def summary_of(kind: str, payload: Payload, people: People, repository: str | None) -> str:
    """A sentence: who did what to which subject, and where."""
    what = kind.replace("_", " ")
    action = payload.get("action")
    done = f"{what} {action.replace('_', ' ')}" if isinstance(action, str) else what
    subject = subject_of(payload)
    return "".join(
        (
            f"{actor_of(people)}: {done}",
            f" “{subject}”" if subject else "",
            f" in {repository}" if repository else "",
            ".",
        )
    )


def tone_of(text: str) -> str:
    """`complaining`, `asking`, `thankful` or `neutral`, by the first word that tells."""
    lowered = text.lower()
    return next((tone for tone, words in _TONES.items() if any(word in lowered for word in words)), "neutral")


def text_of(subject: Mapping[str, Any]) -> str:
    """The words that somebody wrote on an issue or a pull request."""
    return f"{subject['title']}\n{subject.get('body') or ''}"


def labels_of(subject: Mapping[str, Any]) -> list[str]:
    """The labels of an issue or a pull request."""
    return sorted(label["name"] for label in subject.get("labels") or ())


def queue_of(labels: Sequence[str], comments: int) -> str:
    """Where an issue goes: `bugs`, `talked-about` or `new`."""
    if "bug" in labels:
        return "bugs"
    return "talked-about" if comments else "new"


def size_of(pull_request: Mapping[str, Any]) -> str:
    """`small`, `medium`, `large` or `huge`, by changed lines."""
    lines = pull_request.get("additions", 0) + pull_request.get("deletions", 0)
    return next((size for size, most in _SIZES.items() if lines <= most), "huge")


def reviewers_of(pull_request: Mapping[str, Any]) -> list[str]:
    """The logins and team slugs that were asked to review."""
    people = [reviewer["login"] for reviewer in pull_request.get("requested_reviewers") or ()]
    return sorted(people + [team["slug"] for team in pull_request.get("requested_teams") or ()])


def risk_of(size: str, reviewers: Sequence[str], base: str) -> str:
    """`high`, `medium` or `low`: size, nobody who looks, and a base branch that people rely on count one each."""
    points = (size in ("large", "huge")) + (not reviewers) + (base in ("main", "master"))
    return ("low", "low", "medium", "high")[points]


def branch_of(payload: Payload) -> str:
    """The branch or tag of a push."""
    return str(payload["ref"].split("/", 2)[-1])


def commits_of(payload: Payload) -> list[dict[str, str]]:
    """The commits of a push: short id, author and first line each."""
    return [
        {
            "id": commit["id"][:7],
            "author": commit["author"].get("username") or commit["author"]["name"],
            "title": commit["message"].splitlines()[0],
        }
        for commit in payload["commits"]
    ]


def files_of(payload: Payload) -> dict[str, int]:
    """How many files the commits of a push added, removed and modified."""
    changes = ("added", "removed", "modified")
    return {change: sum(len(commit[change]) for commit in payload["commits"]) for change in changes}


def push_summary_of(payload: Payload, branch: str, commits: Sequence[Mapping[str, str]]) -> str:
    """A sentence: who pushed how much to where."""
    pusher, repository = payload["pusher"]["name"], payload["repository"]["full_name"]
    if payload["deleted"]:
        return f"{pusher} deleted {branch} of {repository}."
    authors = ", ".join(sorted({commit["author"] for commit in commits})) or "nobody"
    return f"{pusher} pushed {len(commits)} commit(s) by {authors} to {branch} of {repository}."
