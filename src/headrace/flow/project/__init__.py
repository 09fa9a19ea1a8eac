"""Keeping the search copy as Postgres has it."""
