"""The HTTP door."""

from headrace.api.app import create_app

__all__ = ["create_app"]
