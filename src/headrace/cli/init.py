"""`headrace init`: a first project that runs."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from headrace.cli.output import FAILED, say_error

#: The files of a first project, by the name that they get.
TEMPLATES = {
    "app.py": "app.py.txt",
    "test_app.py": "test_app.py.txt",
    ".env": "env.txt",
    ".gitignore": "gitignore.txt",
}


def init(
    folder: Annotated[Path, typer.Argument(help="Where; by default the current folder.", file_okay=False)] = Path(),
) -> None:
    """Write a first project: app.py, a test, .env and .gitignore. Nothing that exists is touched."""
    existing = [name for name in TEMPLATES if (folder / name).exists()]
    if existing:
        say_error(f"Nothing is written, because {folder.resolve()} has these already: {', '.join(existing)}")
        raise typer.Exit(FAILED)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, template in TEMPLATES.items():
            (folder / name).write_text((files("headrace.cli") / "templates" / template).read_text(encoding="utf-8"))
            print(f"wrote {folder / name}")
    except OSError as error:
        say_error(f"{error.filename} cannot be written: {error.strerror}")
        raise typer.Exit(FAILED) from None
    enter = "" if folder == Path() else f"cd {folder} && "
    print(f"Next: {enter}headrace dev")
    print("Then, in a second terminal in this folder: headrace send ticket.opened subject=Hello body='My invoice?'")
