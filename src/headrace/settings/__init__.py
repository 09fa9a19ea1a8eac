"""The settings of a process: read once, checked as a whole, frozen. Nothing else reads the environment."""

from headrace.settings.fields import Settings
from headrace.settings.load import child_environment, get_redis_url, get_settings, load_settings
from headrace.settings.masking import mask, mask_json, mask_url, remember_secret
from headrace.settings.secrets import read_secret, secret_problem
from headrace.settings.table import settings_table

__all__ = [
    "Settings",
    "child_environment",
    "get_redis_url",
    "get_settings",
    "load_settings",
    "mask",
    "mask_json",
    "mask_url",
    "read_secret",
    "remember_secret",
    "secret_problem",
    "settings_table",
]
