"""The settings of a process: read once, checked as a whole, frozen. Nothing else reads the environment."""

from headrace.settings.fields import Settings
from headrace.settings.load import child_environment, get_redis_url, get_settings, load_settings
from headrace.settings.masking import mask_url
from headrace.settings.table import settings_table

__all__ = [
    "Settings",
    "child_environment",
    "get_redis_url",
    "get_settings",
    "load_settings",
    "mask_url",
    "settings_table",
]
