"""What this process knows to do with events, and what it did with one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response

from headrace.api.body import refuse_options
from headrace.api.parameters import NO_PARAMETERS, Parameters
from headrace.api.responses import json_response
from headrace.api.services import services_of
from headrace.domain.nodes import Nodes, metadata_of, nodes_of
from headrace.domain.payload import decode
from headrace.engine import Pipeline, PipelineRegistry
from headrace.errors import NotFound, UnknownPipeline

router = APIRouter(tags=["pipelines"], dependencies=[Depends(refuse_options)])


@router.get("/pipelines", dependencies=[NO_PARAMETERS])
async def list_pipelines() -> Response:
    """Every pipeline, in each of its versions, with its nodes."""
    return json_response({"pipelines": [pipeline.describe() for pipeline in PipelineRegistry.pipelines()]})


@router.get("/pipelines/{name}", dependencies=[Depends(Parameters(once=frozenset({"version"})))])
async def get_pipeline(name: str, version: int | None = None) -> Response:
    """One pipeline with its nodes and its drawing, in Mermaid's language: the newest version, or the one asked for."""
    pipeline = PipelineRegistry.named(name, version)
    return json_response({**pipeline.describe(), "mermaid": pipeline.mermaid()})


@router.get("/events/{event_id:uuid}/mermaid", dependencies=[NO_PARAMETERS])
async def draw_event(request: Request, event_id: UUID) -> Response:
    """The drawing of the pipeline that the event took, with a mark for what became of each node."""
    event = await services_of(request).read.get_event(event_id)
    context = None if event.task_context is None else decode(event.task_context)
    nodes = nodes_of(context, orjson.loads(event.details.checkpoints), orjson.loads(event.details.waits))
    pipeline = _pipeline_of(event.type, metadata_of(context), nodes)
    marked = pipeline.mermaid({"nodes": nodes})
    return json_response({"pipeline": pipeline.name, "version": pipeline.version, "mermaid": marked})


def _pipeline_of(type_: str, metadata: Mapping[str, Any], nodes: Nodes) -> Pipeline:
    """The pipeline that a finished run names; of an unfinished one, the newest that has all of its nodes."""
    try:
        serving = sorted(PipelineRegistry.serving(type_), key=lambda pipeline: pipeline.version, reverse=True)
    except UnknownPipeline as error:
        raise NotFound(error.detail) from None
    if "pipeline" in metadata:
        label = f"{metadata['pipeline']}@{metadata.get('version')}"
        fitting = [pipeline for pipeline in serving if pipeline.label == label]
    else:
        label = f"for {type_!r} with the nodes {', '.join(nodes)}"
        fitting = [pipeline for pipeline in serving if nodes.keys() <= {spec.name for spec in pipeline.specs}]
    if not fitting:
        raise NotFound(f"This process has no pipeline {label}.")
    return fitting[0]
