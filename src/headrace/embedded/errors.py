"""What can go wrong with the embedded servers; every message says what to do."""

from headrace.errors import HeadraceError


class EmbeddedMissing(HeadraceError):
    """The programs of the servers are not installed."""

    code = "embedded-missing"


class EmbeddedFailed(HeadraceError):
    """A server did not come up, or this user cannot run it; the last lines of its log are quoted."""

    code = "embedded-failed"


class DataDirectoryInUse(HeadraceError):
    """Another live process runs its servers in this data directory."""

    code = "data-directory-in-use"


class DataDirectoryVersion(HeadraceError):
    """The data were written by another major version of PostgreSQL."""

    code = "data-directory-version"
