"""Noticing changes of the user's program."""

from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, DefaultFilter, PythonFilter, awatch


class _Sources(PythonFilter):
    """Python files, `.env`, and new folders: files written into one at once come without a notice of their own."""

    def __call__(self, change: Change, path: str) -> bool:
        """Whether this change matters."""
        if Path(path).name == ".env":
            return True
        is_new_folder = change is Change.added and Path(path).is_dir()
        return super().__call__(change, path) or (is_new_folder and DefaultFilter.__call__(self, change, path))


async def changes_in(folder: Path, but: Path) -> AsyncIterator[set[str]]:
    """What changes below `folder`, as paths relative to it, for ever; `but` is where data is kept.

    Raises OSError or RuntimeError where the system allows no more watches.
    """
    async for changes in awatch(folder, watch_filter=_Sources(ignore_paths=[but])):
        yield {str(Path(path).relative_to(folder)) for _, path in changes}
