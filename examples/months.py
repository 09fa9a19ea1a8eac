"""One event starts others: a month that is closed has an invoice written to each customer.

Try it: headrace send month.closed month=2026-01
"""

from headrace import EventSchema, Pipeline, TaskContext


class MonthClosed(EventSchema, type="month.closed"):
    month: str


class InvoiceDue(EventSchema, type="invoice.due"):
    month: str
    customer: str
    cents: int


USED = {"ada": 1200, "charles": 300}

months = Pipeline("months", MonthClosed)


@months.node
def bill(event: MonthClosed, context: TaskContext) -> int:
    """The invoices are accepted together with this run's result: all of them or none, and each once."""
    for customer, cents in USED.items():
        context.emit(InvoiceDue(month=event.month, customer=customer, cents=cents))
    return len(USED)


invoices = Pipeline("invoices", InvoiceDue)


@invoices.node
def write(event: InvoiceDue, context: TaskContext) -> dict[str, str]:
    """The key is the same at every attempt, so that a printer that knows it prints one invoice."""
    return {"text": f"{event.customer}: {event.cents / 100:.2f} for {event.month}", "key": context.idempotency_key}
