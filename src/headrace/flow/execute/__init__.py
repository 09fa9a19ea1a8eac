"""From due runs to stored results: claim, perform, settle."""

from headrace.flow.execute.claim import TOGETHER, Lane
from headrace.flow.execute.executor import Executor, ExecutorSettings

__all__ = ["TOGETHER", "Executor", "ExecutorSettings", "Lane"]
