"""The API as commands call it."""

from typing import Any
from urllib.parse import urlsplit

import httpx2

from headrace.errors import HeadraceError
from headrace.settings import Settings

#: Seconds that the API has for an answer.
ANSWER_SECONDS = 10.0

#: Hosts to which no proxy leads.
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


class Refused(HeadraceError):
    """The API refused a request, or cannot be reached."""

    code = "refused"


def call(settings: Settings, method: str, path: str, **options: Any) -> Any:
    """The JSON of a successful answer. Raises Refused with the API's own words."""
    url = settings.api_url
    trusts_proxies = urlsplit(url).hostname not in _LOCAL
    try:
        with httpx2.Client(timeout=ANSWER_SECONDS, trust_env=trusts_proxies) as client:
            answer = client.request(method, f"{url}{path}", **options)
    except httpx2.TimeoutException:
        raise Refused(f"The API at {url} did not answer in {ANSWER_SECONDS:g} s.") from None
    except httpx2.TransportError:
        raise Refused(f"No API answers at {url}. Start one with `headrace dev`, or set HEADRACE_API_URL.") from None
    content = _content(answer)
    if answer.is_success and content is not None:
        return content
    if not isinstance(content, dict) or "code" not in content:
        raise Refused(f"What answers at {url} is no Headrace API ({answer.status_code}). Set HEADRACE_API_URL.")
    faults = "".join(f"\n  {fault['pointer'] or 'body'}: {fault['detail']}" for fault in content["errors"])
    raise Refused(f"{content['detail']} [{content['code']}]{faults}")


def _content(answer: httpx2.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
