"""How the indices and aliases of the copy are called.

`headrace-2026.11-1` is the first generation of a month; readers see it by the alias `headrace`, writers reach it by
`headrace-2026.11`. A further index `orders` that a pipeline names is the same under its own name; the alias
`headrace-also` says that it is ours. `headrace-new` is the alias of what is being built, and seen by no reader.
"""

import re
from dataclasses import dataclass

_INDEX = re.compile(r"(?P<name>.+)-(?P<month>[0-9]{4}\.[0-9]{2})-(?P<generation>[0-9]+)")

_FREE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,149}")

_LIKE_A_MONTH = re.compile(r".+-[0-9]{4}\.[0-9]{2}(-[0-9]+)?(-new)?")


@dataclass(frozen=True, slots=True)
class Index:
    """One generation of a month, of the copy itself or of a further index."""

    name: str
    month: str
    generation: int

    @property
    def full_name(self) -> str:
        return f"{self.month_alias}-{self.generation}"

    @property
    def month_alias(self) -> str:
        """By this alias it is written to once readers see it."""
        return f"{self.name}-{self.month}"

    @property
    def new_alias(self) -> str:
        """By this alias it is written to while it is being built."""
        return f"{self.full_name}-new"


@dataclass(frozen=True, slots=True)
class Names:
    """The aliases over all months."""

    prefix: str

    @property
    def further(self) -> str:
        """Over the further indices."""
        return f"{self.prefix}-also"

    @property
    def new(self) -> str:
        """Over whatever is being built."""
        return f"{self.prefix}-new"

    def may_be_further(self, name: str) -> bool:
        """Whether an index may be called so beside the copy: by a name that Elasticsearch takes, and none of ours."""
        own = name in {self.prefix, self.further, self.new}
        return not own and bool(_FREE.fullmatch(name)) and not _LIKE_A_MONTH.fullmatch(name)


def parse_index(full_name: str) -> Index | None:
    """What the name of an index says; None if it is none of the copy's."""
    found = _INDEX.fullmatch(full_name)
    return None if found is None else Index(found["name"], found["month"], int(found["generation"]))
