"""Event ids are UUIDv7 (RFC 9562, section 5.7): their first 48 bits are the milliseconds since 1970."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(at: datetime | None = None) -> UUID:
    """A new UUIDv7 of this machine's clock, or of the moment `at`."""
    if at is None:
        return UUID(int=uuid_utils.uuid7().int)
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=(milliseconds << 80) | (uuid_utils.uuid7().int & ((1 << 80) - 1)))


def time_of(event_id: UUID) -> datetime:
    """The moment that an id carries, in UTC, exact to the millisecond."""
    return _EPOCH + timedelta(milliseconds=event_id.int >> 80)


def first_id_at(moment: datetime) -> UUID:
    """The smallest id of a moment: ids made before it compare lower, ids made from it on compare equal or higher."""
    milliseconds = max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
    return UUID(int=milliseconds << 80)


def same_moment(event_id: UUID) -> tuple[UUID, UUID]:
    """The smallest and the largest id that carry the same millisecond as this one."""
    first = event_id.int >> 80 << 80
    return UUID(int=first), UUID(int=first | ((1 << 80) - 1))


def parse_id(text: str) -> UUID | None:
    """The UUID that `text` spells, or None: a malformed id is the caller's to report."""
    try:
        return UUID(text)
    except ValueError:
        return None


def derived_id(parent: UUID, name: str) -> UUID:
    """The UUIDv7 of the parent's moment that belongs to this name: the same whenever it is asked for."""
    digest = int.from_bytes(hashlib.sha256(f"{parent}/{name}".encode()).digest()[:10])
    rest = (digest & ~(0xF << 76)) | (0x7 << 76)
    rest = (rest & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=(parent.int >> 80 << 80) | rest)
