"""A deadline for the whole run, and a node that runs at its end however that comes.

Try it: headrace send prices.uploaded supplier=acme 'lines=["anvil;120", "feather;1"]'
"""

from headrace import ErrorReport, EventSchema, Permanent, Pipeline


class PricesUploaded(EventSchema, type="prices.uploaded"):
    supplier: str
    lines: list[str]


price_lists = Pipeline("price_lists", PricesUploaded, deadline_seconds=3600)


@price_lists.node
def parse(event: PricesUploaded) -> dict[str, int]:
    prices = {}
    for number, line in enumerate(event.lines, start=1):
        article, _, price = line.partition(";")
        if not price.isdecimal():
            raise Permanent(f"line {number} has no price")
        prices[article] = int(price)
    return prices


@price_lists.node(retries=3, backoff=[10, 60, 300])
def publish(parse: dict[str, int]) -> int:
    return len(parse)


@price_lists.finally_
def tell_supplier(event: PricesUploaded, publish: int | None, error: ErrorReport | None) -> str:
    """`error` is why the run fails, or None; a node that did not run is None as well."""
    if error is not None:
        return f"{event.supplier}: your list was refused, {error.message}"
    return f"{event.supplier}: {publish} prices are published"
