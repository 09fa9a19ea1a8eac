"""What this process knows to do with events."""

from fastapi import APIRouter, Response

from headrace.api.responses import json_response
from headrace.engine import PipelineRegistry
from headrace.errors import NotFound

router = APIRouter(prefix="/pipelines", tags=["pipelines"])


@router.get("")
async def list_pipelines() -> Response:
    """Every pipeline with its nodes."""
    return json_response({"pipelines": [pipeline.describe() for pipeline in PipelineRegistry.pipelines()]})


@router.get("/{name}")
async def get_pipeline(name: str) -> Response:
    """One pipeline with its nodes and its drawing, in Mermaid's language."""
    for pipeline in PipelineRegistry.pipelines():
        if pipeline.name == name:
            return json_response({**pipeline.describe(), "mermaid": pipeline.mermaid()})
    raise NotFound("No pipeline has this name.")
