"""Every mistake of a pipeline's graph, told at once and before the first event."""

from headrace.engine.checks.everything import mistakes_of
from headrace.engine.checks.mistake import Mistake

__all__ = ["Mistake", "mistakes_of"]
