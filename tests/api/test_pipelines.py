"""Pipelines, and what one did with an event, as a client sees them."""

import orjson
from httpx2 import Client

from headrace.domain.ids import new_id
from tests.api.problems import problem_in
from tests.support.installation import Installation
from tests.support.steps import new_event


def test_every_pipeline_is_listed_and_described(api_client: Client) -> None:
    for listed in api_client.get("/pipelines").json()["pipelines"]:
        pipeline = api_client.get(f"/pipelines/{listed['name']}").json()
        assert pipeline == listed | {"mermaid": pipeline["mermaid"]}
        assert pipeline["mermaid"].startswith("flowchart")

    problem = problem_in(api_client.get("/pipelines/there-is-none-of-this-name"), 404, "not-found")
    assert "tickets" in problem["detail"]


def test_a_version_can_be_asked_for(api_client: Client) -> None:
    assert api_client.get("/pipelines/tickets?version=1").json()["version"] == 1
    problem_in(api_client.get("/pipelines/tickets?version=2"), 404, "not-found")
    problem_in(api_client.get("/pipelines/tickets?version=x"), 422, "invalid-parameter")


def test_the_drawing_of_an_event_marks_what_became_of_each_node(installation: Installation) -> None:
    client = installation.start_api("tickets")[1]
    finished, begun, of_another_version, unknown = installation.accept(
        *(new_event("ticket.opened") for _ in range(3)), new_event("of.nothing")
    )
    nodes = {"classify": {"state": "succeeded"}, "reply": {"state": "failed"}}
    for event_id, version in ((finished, "1"), (of_another_version, "7")):
        metadata = {"pipeline": "tickets", "version": version, "nodes": nodes}
        _finish(installation, event_id, orjson.dumps({"metadata": metadata}).decode())

    drawn = client.get(f"/events/{finished}/mermaid").json()
    assert (drawn["pipeline"], drawn["version"]) == ("tickets", 1)
    assert "    class classify succeeded" in drawn["mermaid"].splitlines()
    assert "    class reply failed" in drawn["mermaid"].splitlines()
    assert "class " not in client.get(f"/events/{begun}/mermaid").json()["mermaid"]
    for event_id in (of_another_version, unknown, new_id()):
        problem_in(client.get(f"/events/{event_id}/mermaid"), 404, "not-found")


def _finish(installation: Installation, event_id: object, task_context: str) -> None:
    installation.storage.rows(
        "WITH gone AS (DELETE FROM headrace.runs WHERE event_id = %s RETURNING *), told AS ("
        " INSERT INTO headrace.tallies (state, delta) SELECT 'failed', 1 FROM gone)"
        " INSERT INTO headrace.results (event_id, run_number, epoch, tenant, type, state, attempt, task_context,"
        " finished_at) SELECT event_id, run_number, epoch, tenant, type, 'failed', 1, %s::json, now() FROM gone",
        event_id,
        task_context,
    )
