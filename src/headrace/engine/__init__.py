"""The pipeline engine, without I/O of its own: event classes, nodes, pipelines, one attempt at an event."""

from headrace.engine.context import TaskContext
from headrace.engine.elasticsearch import ElasticsearchIndexNode
from headrace.engine.node import Node, NodeOptions, NodeSpec
from headrace.engine.performer import perform
from headrace.engine.pipeline import Pipeline
from headrace.engine.registry import PipelineRegistry
from headrace.engine.retries import Attempt
from headrace.engine.schema import EventSchema, schema_hash
from headrace.engine.threads import NodeThreads

__all__ = [
    "Attempt",
    "ElasticsearchIndexNode",
    "EventSchema",
    "Node",
    "NodeOptions",
    "NodeSpec",
    "NodeThreads",
    "Pipeline",
    "PipelineRegistry",
    "TaskContext",
    "perform",
    "schema_hash",
]
