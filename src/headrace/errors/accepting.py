"""Why an event is not accepted."""

from headrace.errors.base import Conflict, InvalidInput, Unavailable


class InvalidJson(InvalidInput):
    code = "invalid-json"


class InvalidEncoding(InvalidInput):
    code = "invalid-encoding"


class DuplicateKey(InvalidInput):
    code = "duplicate-key"


class UnsupportedMediaType(InvalidInput):
    code = "unsupported-media-type"


class UnknownOption(InvalidInput):
    code = "unknown-option"


class TooLarge(InvalidInput):
    code = "too-large"


class TooDeep(InvalidInput):
    code = "too-deep"


class ForbiddenCharacter(InvalidInput):
    code = "forbidden-character"


class NumberOutOfRange(InvalidInput):
    code = "number-out-of-range"


class InvalidEvent(InvalidInput):
    """The body is JSON but no event: not an object, no usable `type`."""

    code = "invalid-event"


class SchemaMismatch(InvalidInput):
    """The body is an event whose payload does not fit the schema of its type."""

    code = "schema-mismatch"


class InvalidBatch(InvalidInput):
    """A batch of which no item can be accepted, or that is empty."""

    code = "invalid-batch"


class InvalidDeliverAt(InvalidInput):
    code = "invalid-deliver-at"


class InvalidIdempotencyKey(InvalidInput):
    code = "invalid-idempotency-key"


class IdempotencyKeyReused(InvalidInput):
    """The idempotency key came with another body, or to another path, before."""

    code = "idempotency-key-reused"


class IdempotencyKeyInFlight(Conflict):
    """Another request with the same idempotency key is being stored, and not known to be stored or refused yet."""

    code = "idempotency-key-in-flight"


class Overloaded(Unavailable):
    """So much waits to be stored already that this would wait for long; nothing was stored."""

    code = "overloaded"

    def __init__(self) -> None:
        super().__init__("More is sent than can be stored.", retry_after_seconds=1)
