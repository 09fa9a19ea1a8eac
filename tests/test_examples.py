"""The examples run, each without any service. Those that wait, and those that call a server, are in tests/examples."""

import inspect
from collections.abc import Iterator
from types import ModuleType

import orjson
import pytest
from httpx2 import AsyncClient, MockTransport, Request, Response
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from headrace import Permanent, PipelineRegistry, db_session
from headrace.domain.outcome import Completed, NodeFailed
from tests.support.examples import FOLDER, loaded, performed


@pytest.fixture
def example(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The program that the test names."""
    with loaded(request.param) as module:
        yield module


def examples(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", names, indirect=True)


ALL = sorted(path.stem for path in FOLDER.glob("*.py"))


@examples(*ALL)
def test_every_example_is_short_and_says_how_to_try_it(example: ModuleType) -> None:
    assert len(inspect.getsource(example).splitlines()) <= 60
    assert "Try it: " in (example.__doc__ or "")
    assert PipelineRegistry.pipelines()


@pytest.mark.parametrize("name", ALL)
def test_the_table_of_examples_has(name: str) -> None:
    assert f"| `{name}.py` |" in (FOLDER / "README.md").read_text()


@examples("tickets")
def test_a_ticket_is_classified_and_answered(example: ModuleType) -> None:
    context = example.tickets.run({"type": "ticket.opened", "subject": "Hello", "body": "My invoice?"})
    assert context.nodes == {"classify": "billing", "reply": {"to": "billing", "text": "Re: Hello"}}


@examples("orders")
def test_an_order_is_priced_and_reserved_before_it_is_invoiced(example: ModuleType) -> None:
    context = example.orders.run({"type": "order.placed", "sku": "anvil", "quantity": 3})
    assert context.nodes["invoice"] == {"lines": ["3 x anvil reserved"], "total": 360}


@examples("orders")
def test_an_order_for_what_nobody_sells_fails_at_once(example: ModuleType) -> None:
    with pytest.raises(Permanent, match="nobody sells"):
        example.orders.run({"type": "order.placed", "sku": "unicorn", "quantity": 1})


@examples("own_endpoint")
def test_the_module_with_an_endpoint_has_a_router_a_pipeline_and_a_task(example: ModuleType) -> None:
    context = example.signups.run({"type": "user.signed_up", "email": "ada@example.org"})
    assert context.nodes == {"domain": "example.org"}
    assert [route.path for route in example.router.routes] == ["/signups"]
    assert example.count_letters.run("abc") == 3


@examples("mails")
def test_a_mail_about_two_things_takes_both_branches(example: ModuleType) -> None:
    context = example.mails.run({"sender": "ada@example.org", "text": "It crashed, and I want my money back"})
    assert context.nodes["topics"] == ["refund", "bug"]
    assert context.metadata["nodes"]["person"]["state"] == "skipped"
    assert context.nodes["answer"] == "We send the money back to ada@example.org. We have opened a ticket."


@examples("mails")
def test_a_mail_about_nothing_known_goes_to_a_person(example: ModuleType) -> None:
    context = example.mails.run({"sender": "ada@example.org", "text": "Good morning"})
    assert context.nodes["answer"] == "Somebody will read your mail today."


@examples("parcels")
def test_the_first_carrier_that_answers_gets_the_parcel(example: ModuleType) -> None:
    context = example.parcels.run({"weight_kilograms": 2})
    states = {name: node["state"] for name, node in context.metadata["nodes"].items()}
    assert context.nodes["book"] == "bicycle"
    assert states == {"bicycle": "succeeded", "van": "succeeded", "drone": "skipped", "book": "succeeded"}


@examples("documents")
def test_a_page_that_cannot_be_read_is_counted_and_spoils_no_other(example: ModuleType) -> None:
    context = example.documents.run({"pages": ["Dear Ada,", "", "yours, Charles"]})
    assert [page and page.words for page in context.nodes["read"]] == [2, None, 2]
    assert context.nodes["summary"] == {"words": 4, "unreadable": 1}
    assert context.metadata["nodes"]["read"]["items"]["failed"] == 1


@examples("newsletter")
def test_who_has_unsubscribed_gets_no_mail(example: ModuleType) -> None:
    context = example.newsletter.run({"address": "charles@example.org"})
    assert context.nodes == {"recipient": "charles@example.org"}
    assert context.metadata["nodes"]["deliver"]["state"] == "skipped"


@examples("newsletter")
def test_who_has_not_unsubscribed_gets_one(example: ModuleType) -> None:
    context = example.newsletter.run({"address": "ada@example.org"})
    assert context.nodes["deliver"] == {"to": "ada@example.org", "text": "Dear ada, here is what is new."}


@examples("companies")
def test_a_company_has_a_profile_whatever_failed(example: ModuleType) -> None:
    context = example.companies.run({"name": "Analytical", "domain": "nowhere.example"})
    assert context.nodes["profile"] == {
        "name": "Analytical",
        "country": "unknown",
        "employees": 10,
        "logo": "placeholder.svg",
    }
    assert context.metadata["nodes"]["employees"]["error"] == "TimeoutError: no register answers for Analytical"


@examples("price_lists")
def test_the_supplier_is_told_of_a_list_that_is_published(example: ModuleType) -> None:
    context = example.price_lists.run({"supplier": "acme", "lines": ["anvil;120", "feather;1"]})
    assert context.nodes["tell_supplier"] == "acme: 2 prices are published"


@examples("price_lists")
async def test_the_supplier_is_told_of_a_list_that_is_refused(example: ModuleType) -> None:
    outcome = await performed(example.price_lists, {"supplier": "acme", "lines": ["anvil"]})
    assert isinstance(outcome, NodeFailed)
    assert outcome.node == "parse"
    told = orjson.loads(outcome.task_context)["nodes"]["tell_supplier"]
    assert told == "acme: your list was refused, line 1 has no price"


@examples("claims")
@pytest.mark.parametrize(("cents", "nodes"), [(900, {"pay": 900}), (20_000, {"examine": "adjuster"})])
def test_a_claim_takes_the_pipeline_of_its_size(example: ModuleType, cents: int, nodes: object) -> None:
    claim = example.ClaimFiled(cents=cents)
    assert PipelineRegistry.get_pipeline(claim).run(claim).nodes == nodes


@examples("claims")
def test_a_claim_that_began_with_the_first_version_ends_with_it(example: ModuleType) -> None:
    claim = example.ClaimFiled(cents=20_000)
    assert PipelineRegistry.choose("claim.filed", claim, "claims@1") is example.claims_1


@examples("schedules")
def test_what_recurs_is_declared_beside_what_takes_it(example: ModuleType) -> None:
    recurring = {schedule.name: orjson.loads(schedule.body) for schedule in PipelineRegistry.schedules()}
    assert list(recurring) == ["poll", "workdays", "nightly"]
    assert example.feeds.run(recurring["poll"]).nodes == {"entries": ["the newest of https://example.org/feed.xml"]}
    assert (
        example.digests.run(recurring["workdays"]).nodes["write"]["ada@example.org"] == "Good morning, ada@example.org!"
    )
    assert recurring["nightly"] == {"type": "headrace.task", "task": "schedules.tidy", "kwargs": {"days": 30}}


@examples("months")
async def test_a_month_that_is_closed_has_an_invoice_written_to_each_customer(example: ModuleType) -> None:
    outcome = await performed(example.months, {"month": "2026-01"})
    assert isinstance(outcome, Completed)
    invoices = [orjson.loads(event.body) for event in outcome.emitted]
    assert [(invoice["type"], invoice["customer"]) for invoice in invoices] == [
        ("invoice.due", "ada"),
        ("invoice.due", "charles"),
    ]
    assert example.invoices.run(invoices[0]).nodes["write"]["text"] == "ada: 12.00 for 2026-01"


@examples("customers")
async def test_a_customer_who_moved_is_in_the_city_of_the_new_postcode(example: ModuleType) -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

    def answer(request: Request) -> Response:
        return Response(200, json={"name": {"/B-2000": "Antwerp"}[request.url.path]})

    with Session(engine) as session:
        session.execute(text("CREATE TABLE customers (id integer, city text)"))
        session.execute(text("INSERT INTO customers VALUES (7, 'Bruges')"))
        async with AsyncClient(base_url="https://cities.example", transport=MockTransport(answer)) as client:
            replaced = {example.connect: client, db_session: session}
            outcome = await performed(example.customers, {"customer_id": 7, "postcode": "B-2000"}, replaced)
        assert isinstance(outcome, Completed), outcome
        assert session.execute(text("SELECT city FROM customers")).scalar() == "Antwerp"
    engine.dispose()


@examples("local_model")
@pytest.mark.parametrize(("message", "label"), [("Win a FREE prize", "spam"), ("Thank you, see you at lunch", "fine")])
def test_a_message_is_classified_in_a_process_of_its_own(example: ModuleType, message: str, label: str) -> None:
    context = example.messages.run({"text": message})
    assert context.nodes == {"classify": label, "publish": label != "spam"}
    assert example.model.cache_info().currsize == 0  # it was loaded there, and not here
