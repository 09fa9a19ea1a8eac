"""The pipeline engine, without I/O of its own: event classes, nodes, pipelines, one attempt at an event."""

from headrace.engine.attempt.means import Means
from headrace.engine.attempt.retries import Attempt
from headrace.engine.context import TaskContext
from headrace.engine.elasticsearch import ElasticsearchIndexNode
from headrace.engine.injection.markers import Resource, Secret, secret_names
from headrace.engine.injection.resources import Resources, RunResources
from headrace.engine.node import Node
from headrace.engine.options import Fallback, NodeOptions
from headrace.engine.performer import perform
from headrace.engine.pipeline import Pipeline
from headrace.engine.places.processes import NodeProcesses
from headrace.engine.places.threads import NodeThreads
from headrace.engine.registry import PipelineRegistry
from headrace.engine.schema import EventSchema, schema_hash
from headrace.engine.spec import NodeSpec

__all__ = [
    "Attempt",
    "ElasticsearchIndexNode",
    "EventSchema",
    "Fallback",
    "Means",
    "Node",
    "NodeOptions",
    "NodeProcesses",
    "NodeSpec",
    "NodeThreads",
    "Pipeline",
    "PipelineRegistry",
    "Resource",
    "Resources",
    "RunResources",
    "Secret",
    "TaskContext",
    "perform",
    "schema_hash",
    "secret_names",
]
