from enum import StrEnum

import pytest
from pydantic import Field, ValidationError

from headrace.engine import EventSchema, TaskContext, schema_hash
from headrace.engine.schema import as_match_key
from headrace.settings import remember_secret


class OrderPaid(EventSchema, type="order.paid"):
    amount: int = Field(ge=0)


class OrderPaidTwice(OrderPaid):
    pass


def test_the_type_named_by_a_class_is_the_default_of_its_events() -> None:
    assert OrderPaid(amount=1).type == "order.paid"
    assert OrderPaid.event_type == "order.paid"


def test_a_type_may_be_a_member_of_an_enum() -> None:
    class Kind(StrEnum):
        OPENED = "ticket.opened.by.enum"

    class Opened(EventSchema, type=Kind.OPENED):
        pass

    assert type(Opened.event_type) is type(Opened().type) is str
    assert Opened().type == "ticket.opened.by.enum"


def test_a_class_that_names_no_type_has_its_parents() -> None:
    assert OrderPaidTwice(amount=1).type == OrderPaidTwice.event_type == "order.paid"


def test_a_plain_event_is_of_the_type_event() -> None:
    class Anything(EventSchema):
        pass

    assert EventSchema().type == Anything().type == Anything.event_type == "event"


def test_an_event_of_another_type_does_not_fit() -> None:
    with pytest.raises(ValidationError, match=r"order\.paid"):
        OrderPaid.model_validate({"type": "order.sent", "amount": 1})


def test_the_base_takes_every_type() -> None:
    assert EventSchema.model_validate({"type": "order.sent"}).type == "order.sent"


def test_undeclared_fields_are_kept() -> None:
    event = OrderPaid.model_validate({"amount": 1, "note": "thanks"})
    assert event.model_dump() == {"type": "order.paid", "amount": 1, "note": "thanks"}


def test_fields_may_have_the_names_that_the_document_uses() -> None:
    class Mail(EventSchema, type="mail"):
        id: int
        subject: str
        body: str
        data: dict[str, int]
        context: str

    mail = Mail(id=1, subject="s", body="b", data={"a": 1}, context="c")
    assert TaskContext(event=mail, nodes={}, metadata={}).model_dump()["event"] == {
        "type": "mail",
        "id": 1,
        "subject": "s",
        "body": "b",
        "data": {"a": 1},
        "context": "c",
    }


def test_other_class_keywords_reach_pydantic() -> None:
    class Strict(EventSchema, type="strict", extra="forbid"):
        pass

    with pytest.raises(ValidationError):
        Strict.model_validate({"surprise": 1})


def test_the_hash_stays_while_the_schema_does() -> None:
    def declare() -> type[EventSchema]:
        class Seen(EventSchema, type="seen"):
            at: int

        return Seen

    assert schema_hash(declare()) == schema_hash(declare())
    assert len(schema_hash(declare())) == 16


def test_the_hash_changes_with_a_field_a_constraint_or_the_type() -> None:
    class Renamed(EventSchema, type="order.paid.too"):
        amount: int = Field(ge=0)

    class Wider(EventSchema, type="order.paid"):
        amount: int

    hashes = {schema_hash(schema) for schema in (OrderPaid, Renamed, Wider, EventSchema)}
    assert len(hashes) == 4


def test_a_match_key_holds_no_secret() -> None:
    remember_secret("matched-by-this")
    assert as_match_key(["order", "matched-by-this"]) == '["order","***"]'
    assert as_match_key("matched-by-this") == "***"
