"""What a node returned, as it is stored."""

from headrace.engine.json_form import to_json
from headrace.errors import OutputNotJson, OutputTooLarge
from headrace.settings.masking import mask_json

#: The largest output of a node, or of one item of a map, as JSON.
MOST_OUTPUT_BYTES = 1024 * 1024


def checked(name: str, output: object) -> bytes:
    """The JSON of what a node returned, without secrets. Raises OutputNotJson, OutputTooLarge."""
    if isinstance(output, str | bytes):
        check_size(name, output, MOST_OUTPUT_BYTES)  # rather than to hold up the loop with the JSON of a gigabyte
    try:
        encoded = to_json(output, MOST_OUTPUT_BYTES)
    except ValueError as error:
        kind = type(output).__qualname__
        raise OutputNotJson(f"node {name!r} returned {kind}, which has no JSON form: {error}") from error
    check_size(name, encoded, MOST_OUTPUT_BYTES)
    masked = mask_json(encoded)
    if masked is not encoded:
        check_size(name, masked, MOST_OUTPUT_BYTES)
    return masked


def check_size(name: str, encoded: str | bytes, most: int) -> None:
    """Raises OutputTooLarge."""
    if len(encoded) > most:
        raise OutputTooLarge(
            f"node {name!r} returned {len(encoded):,} bytes of JSON; at most {most:,} are stored: "
            "put it into a store of your own, and return its place"
        )
