"""Headrace leads events onto pipelines: it accepts them over HTTP, stores them, runs typed pipelines on them.

The names below are the public API. They are imported when they are first used, so that `import headrace` is cheap.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace.blocking import Event as Event
    from headrace.blocking import GenericRepository as GenericRepository
    from headrace.blocking import async_db_session as async_db_session
    from headrace.blocking import db_session as db_session
    from headrace.blocking import send as send
    from headrace.blocking import send_async as send_async
    from headrace.bootstrap import celery_app as celery_app
    from headrace.bootstrap import process_incoming_event as process_incoming_event
    from headrace.broker.config import get_celery_config as get_celery_config
    from headrace.domain.outcome import ErrorReport as ErrorReport
    from headrace.engine import ElasticsearchIndexNode as ElasticsearchIndexNode
    from headrace.engine import EventSchema as EventSchema
    from headrace.engine import Fallback as Fallback
    from headrace.engine import Node as Node
    from headrace.engine import Pipeline as Pipeline
    from headrace.engine import PipelineRegistry as PipelineRegistry
    from headrace.engine import Resource as Resource
    from headrace.engine import Secret as Secret
    from headrace.engine import TaskContext as TaskContext
    from headrace.errors import EventAlreadyFinished as EventAlreadyFinished
    from headrace.errors import EventFailed as EventFailed
    from headrace.errors import EventHeldElsewhere as EventHeldElsewhere
    from headrace.errors import HeadraceError as HeadraceError
    from headrace.errors import Permanent as Permanent
    from headrace.errors import RetryAfter as RetryAfter
    from headrace.settings import get_redis_url as get_redis_url

_HOMES = {
    "Event": "headrace.blocking",
    "GenericRepository": "headrace.blocking",
    "async_db_session": "headrace.blocking",
    "db_session": "headrace.blocking",
    "send": "headrace.blocking",
    "send_async": "headrace.blocking",
    "celery_app": "headrace.bootstrap",
    "process_incoming_event": "headrace.bootstrap",
    "get_celery_config": "headrace.broker.config",
    "ErrorReport": "headrace.domain.outcome",
    "ElasticsearchIndexNode": "headrace.engine",
    "EventSchema": "headrace.engine",
    "Fallback": "headrace.engine",
    "Node": "headrace.engine",
    "Pipeline": "headrace.engine",
    "PipelineRegistry": "headrace.engine",
    "Resource": "headrace.engine",
    "Secret": "headrace.engine",
    "TaskContext": "headrace.engine",
    "EventAlreadyFinished": "headrace.errors",
    "EventFailed": "headrace.errors",
    "EventHeldElsewhere": "headrace.errors",
    "HeadraceError": "headrace.errors",
    "Permanent": "headrace.errors",
    "RetryAfter": "headrace.errors",
    "get_redis_url": "headrace.settings",
}

__all__ = [  # noqa: PLE0604  # the names are strings, listed once above
    *_HOMES,
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("headrace")
    if name not in _HOMES:
        raise AttributeError(f"module 'headrace' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
