"""What is searched for, as Elasticsearch is asked."""

from typing import Any, assert_never

from headrace.domain.query import Between, Clause, Not, Phrase, Query, Term
from headrace.search.port import Search

#: What is there, tombstones apart.
THERE: dict[str, Any] = {"bool": {"must_not": [{"exists": {"field": "gone"}}]}}


def query_of(tenant: str, query: Query) -> dict[str, Any]:
    """The query for a tenant's documents that fit; nothing is scored."""
    return {
        "bool": {
            "filter": [{"term": {"tenant": tenant}}, THERE, *(_clause(clause) for clause in query.clauses)],
        }
    }


def page_of(search: Search, most_counted: int) -> dict[str, Any]:
    """The request for the newest hits below `before`, with their number."""
    page = {
        "query": query_of(search.tenant, search.query),
        "sort": [{"id": "desc"}],
        "size": search.limit,
        "track_total_hits": most_counted,
        "source": False,
    }
    return page if search.before is None else {**page, "search_after": [str(search.before)]}


def facets_of(search: Search, most_counted: int, first: str | None) -> dict[str, Any]:
    """The request for the facets of all hits, or of those from the id `first` on."""
    query = query_of(search.tenant, search.query)
    if first is not None:
        query["bool"]["filter"].append({"range": {"id": {"gte": first}}})
    day = {"field": "created_at", "calendar_interval": "day", "format": "yyyy-MM-dd", "min_doc_count": 1}
    return {
        "query": query,
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            "types": {"terms": {"field": "type", "size": most_counted}},
            "states": {"terms": {"field": "state"}},
            "days": {"date_histogram": day},
        },
    }


def oldest_counted(search: Search, most_counted: int) -> dict[str, Any]:
    """The request for the last of the newest hits that are counted."""
    return {
        "query": query_of(search.tenant, search.query),
        "sort": [{"id": "desc"}],
        "from": most_counted - 1,
        "size": 1,
        "track_total_hits": False,
        "source": False,
    }


def _clause(clause: Clause) -> dict[str, Any]:
    match clause:
        case Phrase():
            # One word too: a very long one is several to the analyzer.
            return {"match_phrase": {"words": " ".join(clause.words)}}
        case Term():
            return {"terms": {"terms": list(clause.terms)}}
        case Between():
            bounds = {"gte": clause.first, "lt": clause.end}
            given = {name: moment.isoformat() for name, moment in bounds.items() if moment is not None}
            return {"range": {f"{clause.name}_at": given}}
        case Not():
            return {"bool": {"must_not": [_clause(clause.clause)]}}
        case _:
            assert_never(clause)
