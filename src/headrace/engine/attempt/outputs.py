"""What a node returned, as it is stored."""

from headrace.engine.json_form import to_json
from headrace.errors import OutputNotJson, OutputTooLarge
from headrace.settings.masking import mask_json

#: The largest output of a node, or of one item of a map, as JSON.
MOST_OUTPUT_BYTES = 1024 * 1024


def checked(name: str, output: object) -> bytes:
    """The JSON of what a node returned, without secrets. Raises OutputNotJson, OutputTooLarge."""
    try:
        encoded = mask_json(to_json(output))
    except ValueError as error:
        kind = type(output).__qualname__
        raise OutputNotJson(f"node {name!r} returned {kind}, which has no JSON form: {error}") from error
    check_size(name, encoded, MOST_OUTPUT_BYTES)
    return encoded


def check_size(name: str, encoded: bytes, most: int) -> None:
    """Raises OutputTooLarge."""
    if len(encoded) > most:
        raise OutputTooLarge(
            f"node {name!r} returned {len(encoded):,} bytes of JSON; at most {most:,} are stored: "
            "put it into a store of your own, and return its place"
        )
