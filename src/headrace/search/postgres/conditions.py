"""What is searched for, as conditions on a row."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never
from uuid import UUID

from headrace.domain.ids import first_id_at
from headrace.domain.query import Between, Clause, Not, Phrase, Term
from headrace.search.port import Search
from headrace.search.postgres.terms import hash_of, index_term, tenant_term
from headrace.search.postgres.words import phrase_of
from headrace.store.conditions import (
    AcceptedBetween,
    Condition,
    FinishedBetween,
    HasTerm,
    HasWords,
    Impossible,
    IsInIndex,
    Unless,
)


def conditions_of(search: Search) -> Iterator[Condition]:
    """All that must hold of an event beside that it is the tenant's.

    That it is, is said by a term once more: by that an index finds the events of a small tenant, or of a small index.
    """
    yield HasTerm([hash_of(tenant_term(search.tenant))])
    if search.index is not None:
        yield HasTerm([hash_of(index_term(search.index))])
        yield IsInIndex(search.index)
    for clause in search.query.clauses:
        yield _condition(clause)


def _condition(clause: Clause) -> Condition:
    match clause:
        case Phrase():
            query = phrase_of(clause.words)
            return Impossible() if query is None else HasWords(query)
        case Term():
            return HasTerm([hash_of(term) for term in clause.terms])
        case Between(name="created"):
            return AcceptedBetween(_first_id(clause.first), _first_id(clause.end))
        case Between():
            return FinishedBetween(clause.first, clause.end)
        case Not():
            return Unless(_condition(clause.clause))
        case _:
            assert_never(clause)


def _first_id(moment: datetime | None) -> UUID | None:
    """The first id whose time is not before a moment, which may lie between two ticks."""
    if moment is None:
        return None
    first = first_id_at(moment)
    return first if moment.microsecond % 1000 == 0 else UUID(int=first.int + (1 << 80))
