"""The commands about the database and the installation: `migrate`, `check`."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli.output import FAILED, JsonOption, print_json, say_error

if TYPE_CHECKING:
    from headrace.bootstrap import Finding
    from headrace.settings import Settings


def migrate(as_json: JsonOption = False) -> None:
    """Bring the schema up to this release."""
    from headrace.cli.schema import migrate_schema
    from headrace.settings import load_settings
    from headrace.settings.logs import configure_logging

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    revision = migrate_schema(settings.migrate_database_url, settings.database_schema, settings.database_source()())
    if as_json:
        print_json({"schema": settings.database_schema, "revision": revision})
    else:
        print(f"The schema {settings.database_schema!r} is at revision {revision}.")


def check(
    app: Annotated[str | None, typer.Option(metavar="MODULE", help="Your module, if HEADRACE_APP is not set.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the settings, your module and each service, and say what to do about each problem."""
    from headrace.settings import load_settings
    from headrace.settings.logs import configure_logging

    settings = load_settings(app=app)
    configure_logging(settings.log_level, settings.log_format)
    findings = asyncio.run(_look_at_everything(settings))
    if as_json:
        print_json([_as_json(found) for found in findings])
    else:
        for found in findings:
            print(f"{_word(found)}  {found.name}: {found.detail}")
    bad = sum(not found.ok for found in findings)
    if bad:
        say_error(f"{bad} of {len(findings)} checks found a problem.")
        raise typer.Exit(FAILED)


def _as_json(found: "Finding") -> dict[str, Any]:
    return {"name": found.name, "ok": found.ok, "warning": found.warning, "detail": found.detail}


def _word(found: "Finding") -> str:
    if found.ok:
        return "WARNING" if found.warning else "ok     "
    return "PROBLEM"


async def _look_at_everything(settings: "Settings") -> "list[Finding]":
    from headrace.bootstrap import Finding, examine

    about_app, about_services = await asyncio.gather(_look_at_app(settings.app), examine(settings))
    return [Finding("settings", ok=True, detail="all can be used"), about_app, *about_services]


async def _look_at_app(app: str | None) -> "Finding":
    from headrace.bootstrap import Finding
    from headrace.cli.development.greeting import name_pipelines
    from headrace.cli.trial import try_module

    if app is None:
        return Finding("app", ok=True, detail="none is named; set HEADRACE_APP to run pipelines")
    trial = await try_module(app)
    if trial.error is not None:
        return Finding("app", ok=False, detail=f"{app} cannot be loaded:\n{trial.error}")
    return Finding("app", ok=True, detail=f"{app}: {name_pipelines(trial.pipelines)}")
