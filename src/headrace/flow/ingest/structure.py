"""The skeleton of a JSON text: what stands outside its strings. It is cheap to take and tells the depth."""

_BRACKETS = b"[]{}"
_NOT_BRACKETS = bytes(set(range(256)) - set(_BRACKETS))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


def without_strings(text: bytes) -> bytes:
    """The text less its strings. Exact for a valid JSON text, and for the valid beginning of any other."""
    if b"\\" in text:
        text = text.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(text.split(b'"')[::2])


def deeper_than(text: bytes, levels: int) -> bool:
    """Whether objects and arrays nest deeper than `levels`: exact for valid JSON, never too low otherwise.

    Each round takes all innermost pairs away at once, so that there are at most as many rounds as levels.
    """
    brackets = without_strings(text).translate(_ONE_KIND, _NOT_BRACKETS)
    while b"[" * (levels + 1) not in brackets:
        outer = brackets.replace(b"[]", b"")
        if len(outer) == len(brackets):
            return False
        brackets = outer
        levels -= 1
    return True


def escapes_nul(text: bytes) -> bool:
    r"""Whether a string of a valid JSON text holds U+0000, which can only be spelled `\u0000`."""
    return rb"\u0000" in text and rb"\u0000" in text.replace(rb"\\", b"")
