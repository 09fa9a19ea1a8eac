"""Passwords and secrets do not leave the process in readable form."""

import json
import re
import threading
from collections.abc import Iterator, Set
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

#: What stands in place of a secret.
MASK = "***"

#: A secret shorter than this cannot be told from other text, and is not masked.
SHORTEST_SECRET = 8

#: The password of a URL's `user:password@`: up to the last @ before the path, as a raw @ may be in it.
_USER_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s/]+@")

#: A password among the parameters, which PostgreSQL's URLs allow.
_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^\s&\"']+")

#: What all written forms of a text have in common: no form escapes these characters.
_UNCHANGED = re.compile(r"[A-Za-z0-9_.~-]*")

#: What programs leave as it is when they percent-encode: nothing, a path's slashes, all that a path may hold.
_PERCENT_SAFE = ("", "/", "/:@!$&'()*+,;=")

#: How often a text is escaped at most, as JSON within JSON is twice.
_ESCAPED_TIMES = 2

#: A string or a number within JSON.
_SCALAR = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*')


def mask_url(text: str) -> str:
    """The text with the password of each URL in it as `***`; what holds no URL comes back as it is."""
    if "://" not in text:
        return text
    return _PARAMETER.sub(r"\1***", _USER_PASSWORD.sub(r"\1:***@", text))


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A secret: `core` is in each of its `forms`, so that one look tells that none of them occurs."""

    core: str
    core_bytes: bytes
    forms: Set[str]


class Masker:
    """Secrets, and texts without them. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: dict[str, _Remembered] = {}
        self._all: tuple[_Remembered, ...] = ()

    def remember(self, value: str) -> None:
        """Mask this value from now on, unless it has fewer than `SHORTEST_SECRET` characters."""
        secret = value.strip()
        if secret in self._secrets or len(secret) < SHORTEST_SECRET:
            return
        core = max(_UNCHANGED.findall(secret), key=len)
        with self._lock:
            self._secrets[secret] = _Remembered(core, core.encode(), _forms_of(secret))
            self._all = tuple(self._secrets.values())

    def mask(self, text: str) -> str:
        """The text with each secret as `***`, in whatever form it is written."""
        found = [secret for secret in self._all if secret.core in text]
        spans = sorted(span for secret in found for form in secret.forms for span in _spans_of(form, text))
        return _without(spans, text) if spans else text

    def mask_json(self, encoded: bytes) -> bytes:
        """The JSON with each secret in its strings as `***`; a number that holds one becomes that string."""
        for secret in self._all:
            if secret.core_bytes in encoded:
                return _SCALAR.sub(self._mask_scalar, encoded)
        return encoded

    def _mask_scalar(self, match: re.Match[bytes]) -> bytes:
        scalar = match[0]
        text = json.loads(scalar) if scalar.startswith(b'"') else scalar.decode()
        masked = self.mask(text)
        if masked == text:
            return scalar
        return json.dumps(masked if scalar.startswith(b'"') else MASK).encode()


_process = Masker()


def remember_secret(value: str) -> None:
    """Mask this value in this process from now on, unless it has fewer than `SHORTEST_SECRET` characters."""
    _process.remember(value)


def mask(text: str) -> str:
    """The text with `***` for the password of each URL and for each secret, however it is escaped.

    A secret is found as it is, percent-encoded, in JSON, in JSON within JSON, and in Python's repr.
    """
    return mask_url(_process.mask(text))


def mask_json(encoded: bytes) -> bytes:
    """The JSON, valid still, with `***` for each secret in a key, a string or a number of it."""
    return _process.mask_json(encoded)


def _forms_of(secret: str) -> Set[str]:
    forms = {secret, quote_plus(secret, errors="surrogatepass")}
    forms |= {quote(secret, safe, errors="surrogatepass") for safe in _PERCENT_SAFE}
    for _ in range(_ESCAPED_TIMES):
        forms |= {escaped for form in forms for escaped in _escaped(form)}
    return frozenset(forms)


def _escaped(text: str) -> Iterator[str]:
    """The text as it stands within a string of JSON, and of Python."""
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    # Where a string holds both kinds of quotes, Python escapes the single ones.
    escaped = repr(f'"{text}')[2:-1] if "'" in text else repr(text)[1:-1]
    yield escaped
    yield escaped.replace("\\'", "'")


def _spans_of(form: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        start = text.find(form, start + 1)


def _without(spans: list[tuple[int, int]], text: str) -> str:
    """The text with a mask for the spans, which come in order; those that overlap share one."""
    pieces = []
    end = 0
    for start, stop in spans:
        if start >= end:
            pieces += [text[end:start], MASK]
        end = max(end, stop)
    return "".join([*pieces, text[end:]])
