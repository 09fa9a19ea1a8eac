"""A lease is renewed by the clock of the worker's host."""

import time
from typing import LiteralString

import chaos.app  # noqa: F401  # its pipelines
from chaos.broken.breaking import put_in_place
from headrace.store import workers

_statement = workers.statement


def statement(sql: LiteralString, schema: str) -> str:
    """With a lease that begins now, as this host sees it."""
    own = f"to_timestamp({time.time()}) + make_interval("
    return _statement(sql, schema).replace("now() + make_interval(", own)


put_in_place(workers, "statement", statement)
