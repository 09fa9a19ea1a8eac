"""What a machine may lack: its tests are skipped there, and fail where `CI` is set."""

import os
from typing import NoReturn

import pytest


def lacking(what: str) -> NoReturn:
    """End a test that cannot run without it; `what` says what is missing."""
    if os.environ.get("CI") == "true":  # noqa: TID251  # what says so is not a setting of the product
        pytest.fail(what)
    pytest.skip(what)
