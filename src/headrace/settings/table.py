"""The documentation of the settings, made from their declarations: the page `docs/settings.md`."""

from pydantic.fields import FieldInfo

from headrace.settings.fields import Settings
from headrace.settings.kinds import expected
from headrace.settings.names import variable

_HEAD = """\
# Settings

Each setting is an environment variable, or `…_FILE`: the path of a file that holds the value.
The first of these places that gives a setting wins:

1. options of the command;
2. the environment, `HEADRACE_X` or `HEADRACE_X_FILE` (both is a mistake);
3. the file `.env` in the current folder, with the same names;
4. `[tool.headrace]` in `pyproject.toml` in the current folder, with names like `api_port`;
5. for URLs, the services of a `headrace dev` that runs in the current folder;
6. the default.

An empty variable is not given. A name that is no setting is a mistake. Every mistake is told at once.

| variable | value | default | what it is |
|---|---|---|---|
"""


def settings_table() -> str:
    """The page in Markdown: where settings come from, and a table of them all."""
    rows = [
        f"| `{variable(name)}` | {expected(field)} | {_default(field)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    ]
    return _HEAD + "".join(rows)


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None or field.default in (None, "", ()):
        return ""
    match field.default:
        case bool(flag):
            return f"`{str(flag).lower()}`"
        case float(number):
            return f"`{number:g}`"
        case tuple(names):
            return f"`{','.join(names)}`"
        case default:
            return f"`{default}`"
