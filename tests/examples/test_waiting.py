"""Runs that last for days, in no time."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from headrace.testing import run_pipeline
from tests.support.examples import loaded

DAY_SECONDS = 86_400
ORDER = {"type": "order.created", "order_id": 7}


@pytest.fixture
def payments() -> Iterator[ModuleType]:
    with loaded("payments") as module:
        yield module


def test_who_does_not_pay_is_reminded_after_three_days(payments: ModuleType) -> None:
    run = run_pipeline(payments.payments, ORDER)
    assert run.state == "succeeded"
    assert run.outputs["remind"] == "Did you forget order 7?"
    assert (run.states["ship"], run.states["ask"]) == ("skipped", "skipped")
    assert 3 * DAY_SECONDS <= run.elapsed_seconds < 4 * DAY_SECONDS


def test_an_order_that_is_paid_is_shipped_and_asked_about_a_week_later(payments: ModuleType) -> None:
    run = run_pipeline(payments.payments, ORDER, arrivals=[payments.OrderPaid(order_id=7, cents=1200)])
    assert run.outputs["ship"] == "order 7 is on its way"
    assert run.outputs["ask"] == "How do you like what you got with order 7?"
    assert run.states["remind"] == "skipped"
    assert run.calls["ship"] == 1
    assert 7 * DAY_SECONDS <= run.elapsed_seconds < 8 * DAY_SECONDS


def test_the_payment_of_another_order_changes_nothing(payments: ModuleType) -> None:
    run = run_pipeline(payments.payments, ORDER, arrivals=[payments.OrderPaid(order_id=8, cents=1200)])
    assert run.outputs["remind"] == "Did you forget order 7?"


def test_a_publication_that_fails_for_minutes_keeps_what_was_read() -> None:
    with loaded("price_lists") as example:
        event = {"supplier": "acme", "lines": ["anvil;120"]}
        run = run_pipeline(example.price_lists, event, failures={"publish": 2})
    assert run.outputs["tell_supplier"] == "acme: 1 prices are published"
    assert run.calls == {"parse": 1, "publish": 3, "tell_supplier": 1}
    assert run.elapsed_seconds >= 70


def test_a_page_whose_retry_is_due_later_holds_up_no_other() -> None:
    with loaded("documents") as example:
        run = run_pipeline(example.documents, {"pages": ["Dear Ada,", "yours"]}, failures={"read": 1})
    assert run.outputs["summary"] == {"words": 3, "unreadable": 0}
    assert run.calls["read"] == 3


def test_a_run_whose_process_dies_goes_on_from_what_was_kept() -> None:
    with loaded("orders") as example:
        event = {"type": "order.placed", "sku": "anvil", "quantity": 3}
        run = run_pipeline(example.orders, event, crashes=["invoice"])
    assert run.outputs["invoice"] == {"lines": ["3 x anvil reserved"], "total": 360}
    assert run.calls["reserve"] == 1
