"""Passwords do not leave the settings in readable form."""

import re

#: The password of a URL's `user:password@`: up to the last @ before the path, as a raw @ may be in it.
_USER_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s/]+@")

#: A password among the parameters, which PostgreSQL's URLs allow.
_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^\s&\"']+")


def mask_url(text: str) -> str:
    """The text with the password of each URL in it as `***`; what holds no URL comes back as it is."""
    if "://" not in text:
        return text
    return _PARAMETER.sub(r"\1***", _USER_PASSWORD.sub(r"\1:***@", text))
