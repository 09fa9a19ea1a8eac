"""Endpoints of the reader's own, in his application or as a router in the module that Headrace serves."""

import re
from uuid import UUID

from httpx2 import Client
from sqlalchemy.orm import Session

from headrace import Event, GenericRepository
from tests.document.reader import Reader


def place_order(client: Client) -> UUID:
    answer = client.post("/orders", json={"type": "order.placed", "amount": 21})
    assert answer.status_code == 202
    found = re.fullmatch(r"process_incoming_event started `(.*)`", answer.json()["message"])
    assert found is not None
    return UUID(found[1])


def test_an_event_from_his_own_application_is_processed(reader: Reader, session: Session) -> None:
    reader.start_worker()
    with reader.website() as client:
        event_id = place_order(client)
        reader.wait_until_is("succeeded", event_id)

    event = GenericRepository(session=session, model=Event).get(id=event_id)
    assert event is not None
    assert event.task_context is not None
    assert event.task_context["event"] == {"type": "order.placed", "amount": 21, "seconds": 0.0}
    assert event.task_context["nodes"] == {"total": 42}


def test_a_router_in_his_module_is_served_beside_our_own_paths(reader: Reader) -> None:
    reader.start_worker()
    client = reader.start_api()
    event_id = place_order(client)
    reader.wait_until_is("succeeded", event_id)

    event = client.get(f"/events/{event_id}").json()

    assert (event["state"], event["data"]) == ("succeeded", {"type": "order.placed", "amount": 21})
    assert event["task_context"]["nodes"] == {"total": 42}
    assert client.get("/stats").json()["succeeded"] == 1
