"""What the indices of the copy know of a document."""

import hashlib
from typing import Any

import orjson

from headrace.domain.query import NAMES, ROOTS

#: Above the templates that come with Elasticsearch (100 to 201), below nothing that an operator writes on purpose.
PRIORITY = 500

#: Lucene takes 32,766 bytes for one value; a character has four at most. Longer ones are kept, and not found.
_MOST_CHARACTERS = 8191

_KEYWORD = {"type": "keyword", "ignore_above": _MOST_CHARACTERS}

#: Kept for people who look into the index, and never mapped: no shape of a payload makes a field or a refusal.
_KEPT_ONLY = {"type": "object", "enabled": False}

_NAMED = ("tenant", *(name for name in NAMES if name != "id"))

MAPPINGS: dict[str, Any] = {
    "dynamic": False,
    "properties": {
        "id": {"type": "keyword"},
        "version": {"type": "long"},
        "batch": {"type": "long"},
        "gone": {"type": "date"},
        **dict.fromkeys(_NAMED, _KEYWORD),
        "attempts": {"type": "integer"},
        "created_at": {"type": "date"},
        "started_at": {"type": "date"},
        "finished_at": {"type": "date"},
        "words": {"type": "text", "analyzer": "whitespace", "norms": False},
        "terms": _KEYWORD,
        **dict.fromkeys(ROOTS, _KEPT_ONLY),
    },
}

SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "codec": "best_compression",
    "refresh_interval": "1s",
    # The newest hits come first in every segment: a search ends there, however many there are.
    "sort": {"field": "id", "order": "desc"},
}

#: Says which version of the template is there.
DIGEST = hashlib.sha256(orjson.dumps([MAPPINGS, SETTINGS, PRIORITY], option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
