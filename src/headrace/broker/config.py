"""Celery's configuration: what was measured to matter on Redis, and nothing else."""

from functools import lru_cache
from typing import Any

from headrace.domain.event import DEFAULT_QUEUE
from headrace.settings import get_redis_url

#: The name of our one task.
TASK_NAME = "process_incoming_event"

#: Socket options for a Redis that is dead or hangs: without them a publish blocks for 19 seconds, or for ever.
SOCKET_OPTIONS: dict[str, Any] = {
    "socket_timeout": 5.0,
    "socket_connect_timeout": 2.0,
    "socket_keepalive": True,
    "health_check_interval": 10,
}

#: A caller that sends a task is told within seconds that Redis is away.
RETRY_POLICY: dict[str, Any] = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}


def celery_queue(queue: str) -> str:
    """The Celery queue, and Redis key, that carries the wake-ups of one of Headrace's queues."""
    return f"headrace.{queue}"


@lru_cache(maxsize=1)
def get_celery_config() -> dict[str, Any]:
    """The configuration of `celery_app`, read once from the settings."""
    url = get_redis_url()
    return {
        "broker_url": url,
        "result_backend": url,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "timezone": "UTC",
        "enable_utc": True,
        "task_default_queue": celery_queue(DEFAULT_QUEUE),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_pool_limit": 2,
        "broker_transport_options": SOCKET_OPTIONS,
        "broker_connection_timeout": 2.0,
        "broker_pool_acquire_timeout": 2.0,
        "task_publish_retry_policy": RETRY_POLICY,
        "result_backend_transport_options": {"retry_policy": RETRY_POLICY},
        "redis_socket_timeout": SOCKET_OPTIONS["socket_timeout"],
        "redis_socket_connect_timeout": SOCKET_OPTIONS["socket_connect_timeout"],
        "redis_socket_keepalive": True,
        "redis_backend_health_check_interval": SOCKET_OPTIONS["health_check_interval"],
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "worker_enable_remote_control": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }
