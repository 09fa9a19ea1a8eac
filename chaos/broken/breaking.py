"""How a build is broken: by other functions, or other SQL, than the product's."""

from typing import LiteralString

from headrace.store.database import Database


def put_in_place(owner: object, name: str, broken: object) -> None:
    """Have a class or module of the product have `broken` under a name that it has."""
    assert hasattr(owner, name), f"the product has no such name any more: {name}"
    setattr(owner, name, broken)


def replace_sql(statement: str, *pairs: tuple[LiteralString, LiteralString]) -> None:
    """Have every statement that has the first of a pair in it have the second instead.

    `statement` is the one that is meant: each first must stand in it, so that a break that breaks nothing is noticed.
    """
    for sound, _ in pairs:
        assert sound in statement, f"the product has no such SQL any more: {sound}"

    sound_sql = Database.sql

    def sql(self: Database, written: LiteralString) -> LiteralString:
        for sound, broken in pairs:
            written = written.replace(sound, broken)
        return sound_sql(self, written)

    put_in_place(Database, "sql", sql)
