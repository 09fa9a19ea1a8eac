"""Terms as Postgres has them: 64 bits of a hash each, which an index of arrays keeps small however long a term is.

Two terms may have the same hash, and then the one finds events of the other. That is accepted: among a million events
with a thousand terms each that no other has, it befalls one search in 18 thousand million.
"""

import hashlib
from collections.abc import Iterable

from headrace.domain.document import Document, named_terms


def hash_of(term: str) -> int:
    """The hash of a term, the same on each machine and in each release."""
    digest = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def tenant_term(tenant: str) -> str:
    """By this term a tenant's events are found among all others. No path begins with a blank: nobody can ask for it."""
    return f" tenant:{tenant}"


def index_term(name: str) -> str:
    """By this term the events of a further index are found."""
    return f" index:{name}"


def hashes_of(document: Document, indices: Iterable[str]) -> list[int]:
    """All by which a document is found that is to be in these further indices, in order, each once."""
    own = [tenant_term(document.tenant), *map(index_term, indices)]
    return sorted({hash_of(term) for terms in (document.terms, named_terms(document), own) for term in terms})
