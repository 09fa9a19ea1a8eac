"""Elasticsearch as a process that can be killed, stopped, put back and started again at will."""

import shutil
from contextlib import ExitStack
from pathlib import Path

from chaos.http_proxy import HttpProxy
from chaos.search_copy import ElasticsearchReader
from tests.support.elasticsearch import ElasticsearchNode, answers, build, held_pipe, missing_programs
from tests.support.once import made_once


def search_program(folder: Path) -> Path | None:
    """A folder in `folder` with what Elasticsearch runs from, made once; None where the machine cannot make it."""
    if missing_programs():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return made_once(folder / "elasticsearch", build)


class SearchServer:
    """An Elasticsearch with its data in a folder of its own, behind a proxy that can spoil its answers."""

    def __init__(self, program: Path, folder: Path, logs: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._node = ElasticsearchNode(program, folder)
        self._node.log = logs / "elasticsearch.log"
        self._held = ExitStack()
        self._held.enter_context(held_pipe(folder))
        self.proxy = self._held.enter_context(HttpProxy(self._node.url))
        #: What it holds, read past every proxy.
        self.reader = ElasticsearchReader(self._node.url)

    def start(self) -> None:
        """Start it unless it runs, with the data that it had; it answers some seconds later."""
        if not self._node.is_running:
            self._node.begin()

    def is_ready(self) -> bool:
        return self._node.is_running and answers(self._node.url)

    def signal(self, number: int) -> None:
        """A signal to its process."""
        if self._node.is_running:
            self._node.signal(number)

    def kill(self) -> None:
        """Gone at once, with what it had not written to its disk."""
        self._node.kill()

    def stop(self) -> None:
        """End it in order."""
        self._node.stop()

    def close(self) -> None:
        """End it for good."""
        self.stop()
        self._held.close()

    def save(self) -> None:
        """Keep a copy of its data as they are; it must not run."""
        shutil.rmtree(self._saved, ignore_errors=True)
        shutil.copytree(self._folder / "data", self._saved)

    def put_back(self) -> None:
        """Have the data again that were saved; it must not run."""
        shutil.rmtree(self._folder / "data")
        shutil.copytree(self._saved, self._folder / "data")

    @property
    def _saved(self) -> Path:
        return self._folder / "saved"
