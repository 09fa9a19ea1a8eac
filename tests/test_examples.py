"""The examples run, each without any service."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from headrace import Permanent, PipelineRegistry

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def example(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The module of the name that the test asks for, with a registry of its own."""
    name = f"example_{request.param}"
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{request.param}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with PipelineRegistry.isolated():
        sys.modules[name] = module
        spec.loader.exec_module(module)
        PipelineRegistry.check()
        yield module
    del sys.modules[name]


@pytest.mark.parametrize("example", ["tickets"], indirect=True)
def test_a_ticket_is_classified_and_answered(example: ModuleType) -> None:
    context = example.tickets.run({"type": "ticket.opened", "subject": "Hello", "body": "My invoice?"})
    assert context.nodes == {"classify": "billing", "reply": {"to": "billing", "text": "Re: Hello"}}


@pytest.mark.parametrize("example", ["orders"], indirect=True)
def test_an_order_is_priced_and_reserved_before_it_is_invoiced(example: ModuleType) -> None:
    context = example.orders.run({"type": "order.placed", "sku": "anvil", "quantity": 3})
    assert context.nodes["invoice"] == {"lines": ["3 x anvil reserved"], "total": 360}


@pytest.mark.parametrize("example", ["orders"], indirect=True)
def test_an_order_for_what_nobody_sells_fails_at_once(example: ModuleType) -> None:
    with pytest.raises(Permanent, match="nobody sells"):
        example.orders.run({"type": "order.placed", "sku": "unicorn", "quantity": 1})


@pytest.mark.parametrize("example", ["own_endpoint"], indirect=True)
def test_the_module_with_an_endpoint_has_a_router_a_pipeline_and_a_task(example: ModuleType) -> None:
    context = example.signups.run({"type": "user.signed_up", "email": "ada@example.org"})
    assert context.nodes == {"domain": "example.org"}
    assert [route.path for route in example.router.routes] == ["/signups"]
    assert example.count_letters.run("abc") == 3
