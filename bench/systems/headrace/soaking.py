"""The user's module of the soak: short work, work that waits, and calls of a language model."""

from bench.systems.headrace.app import slow, two_steps
from bench.systems.headrace.model_calls import asking

__all__ = ["asking", "slow", "two_steps"]
