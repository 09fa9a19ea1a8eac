"""A real Elasticsearch node, run from the jars that its makers publish."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from httpx2 import Client, HTTPError

from bench.ports import free_port
from tests.support.once import made_once
from tests.support.waiting import wait_until

#: What the node is made of: a pom that names its jars, and the class that starts it.
SOURCE = Path(__file__).parents[1] / "elasticsearch"

#: Little memory, and a start in seconds.
_JAVA = ("java", "-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

#: A node that neither answers nor ends after so long will never do: several may start at once on a small machine.
PATIENCE_SECONDS = 90.0

#: The node's standard input. It is never written to.
_PIPE = "alive"


def missing_programs() -> list[str]:
    """What the node needs and this machine lacks."""
    return [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]


def build(folder: Path) -> None:
    """Lay out in a folder what a node runs from; it takes seconds, and the first time all jars are fetched."""
    module = folder / "modules" / "transport-netty4"
    for made in (folder / "lib", folder / "config", folder / "plugins", folder / "classes", module):
        made.mkdir(parents=True)
    maven = ["mvn", "-q", "-B", "-Dstyle.color=never", "-f", str(SOURCE / "pom.xml"), "dependency:copy-dependencies"]
    subprocess.run([*maven, f"-DoutputDirectory={folder / 'lib'}"], check=True)
    for pattern in ("transport-netty4-*.jar", "netty-*.jar", "elasticsearch-ssl-config-*.jar"):
        for jar in (folder / "lib").glob(pattern):
            jar.rename(module / jar.name)
    _describe(module)
    java = ["javac", "-cp", f"{folder / 'lib'}/*", "-d", str(folder / "classes")]
    subprocess.run([*java, str(SOURCE / "ElasticsearchServer.java")], check=True)


def _describe(module: Path) -> None:
    with zipfile.ZipFile(next(module.glob("transport-netty4-*.jar"))) as jar:
        text = jar.read("META-INF/es-plugins/transport-netty4/plugin-descriptor.properties").decode()
    # Without the name of a Java module it is loaded from a class path, as all else here.
    lines = [line for line in text.splitlines() if not line.startswith("modulename")]
    (module / "plugin-descriptor.properties").write_text("\n".join(lines))


class ElasticsearchNode:
    """A node with its data in a folder. It ends, at the latest, with the last process that holds its pipe open."""

    def __init__(self, program: Path, folder: Path, port: int | None = None) -> None:
        self.log = folder / "elasticsearch.log"
        self.port = port or free_port()
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, and return when it answers: on the port and with the data that it had before."""
        self.begin()
        wait_until(lambda: answers(self.url) or not self.is_running, f"{self.url} answers", PATIENCE_SECONDS)
        assert self.is_running, self.log.read_text()[-2000:]

    def begin(self) -> None:
        """Start it, and leave it to others to wait for it."""
        classes = f"{self._program / 'lib'}/*:{self._program / 'classes'}"
        words = ["ElasticsearchServer", str(self._program), str(self._folder / "data"), str(self.port)]
        with self.log.open("ab") as log, (self._folder / _PIPE).open("rb", buffering=0) as pipe:
            self._process = subprocess.Popen(
                [*_JAVA, "-cp", classes, *words],
                cwd=self._folder,
                stdin=pipe,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(PATIENCE_SECONDS)


def answers(url: str) -> bool:
    """Whether a node takes requests there."""
    with suppress(HTTPError), Client(base_url=url, timeout=5.0, trust_env=False) as client:
        return client.get("/_cluster/health").status_code == 200
    return False


def remove_indices(url: str, prefix: str) -> None:
    """Leave no index whose name begins so, and no template of that name."""
    with Client(base_url=url, timeout=30.0, trust_env=False) as client:
        for index in client.get(f"/{prefix}*/_alias").raise_for_status().json():
            client.delete(f"/{index}").raise_for_status()
        client.delete(f"/_index_template/{prefix}")


@contextmanager
def running_elasticsearch(
    folder: Path, port: int | None = None, program: Path | None = None
) -> Iterator[ElasticsearchNode]:
    """A node with its data in `folder`, gone at the end, on this port or a free one, built in `program` or here."""
    folder.mkdir(parents=True, exist_ok=True)
    node = ElasticsearchNode(program or made_once(folder / "program", build), folder, port)
    with held_pipe(folder):
        try:
            node.start()
            yield node
        finally:
            node.stop()


@contextmanager
def shared_elasticsearch(folder: Path, program: Path) -> Iterator[str]:
    """The URL of the one node of all processes that ask for this folder; it ends with the last of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with held_pipe(folder), (folder / "users.lock").open("w") as users:
        with _door(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            url = _join(program, folder)
        try:
            yield url
        finally:
            with _door(folder):
                _leave(folder, users.fileno())


def _join(program: Path, folder: Path) -> str:
    kept = folder / "node.json"
    if kept.exists():
        url: str = json.loads(kept.read_text())["url"]
        if answers(url):
            return url
    node = ElasticsearchNode(program, folder)
    node.start()
    kept.write_text(json.dumps({"url": node.url, "pid": node.pid}))
    return node.url


def _leave(folder: Path, users: int) -> None:
    """End the node, unless somebody else holds the lock too."""
    with suppress(BlockingIOError):
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(psutil.NoSuchProcess):
            node = psutil.Process(json.loads((folder / "node.json").read_text())["pid"])
            node.terminate()
            wait_until(lambda: _has_ended(node), "the node ends", PATIENCE_SECONDS)


def _has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@contextmanager
def _door(folder: Path) -> Iterator[None]:
    """One at a time comes or leaves."""
    with (folder / "door.lock").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


@contextmanager
def held_pipe(folder: Path) -> Iterator[None]:
    """Hold the other side of the node's standard input: the kernel lets go of it, however this process ends."""
    with suppress(FileExistsError):
        os.mkfifo(folder / _PIPE)
    pipe = os.open(folder / _PIPE, os.O_RDWR)
    try:
        yield
    finally:
        os.close(pipe)
