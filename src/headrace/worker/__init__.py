"""The worker's door. `celery -A headrace.worker worker` finds the application here."""

from headrace.bootstrap import celery_app
from headrace.worker import stock

__all__ = ["celery_app", "stock"]
