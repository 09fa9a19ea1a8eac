"""What may fail: a node that is skipped, a value that stands in, a function that stands in, an input that is optional.

Try it: headrace send company.added name=Analytical domain=engines.example
"""

from headrace import ErrorReport, EventSchema, Fallback, Pipeline


class CompanyAdded(EventSchema, type="company.added"):
    name: str
    domain: str


COUNTRIES = {"engines.example": "GB"}

companies = Pipeline("companies", CompanyAdded)


@companies.node(retries=0, on_error=Fallback("unknown"))
async def country(event: CompanyAdded) -> str:
    return COUNTRIES[event.domain]


@companies.node(retries=0, on_error="skip")
async def logo(event: CompanyAdded) -> str:
    raise ConnectionError(f"{event.domain} has no web server")


def estimate(event: CompanyAdded, error: ErrorReport) -> int:
    """Takes what the node takes, and why it failed."""
    return len(event.name) if error.type == "TimeoutError" else 0


@companies.node(retries=0, on_error=estimate)
async def employees(event: CompanyAdded) -> int:
    raise TimeoutError(f"no register answers for {event.name}")


@companies.node
def profile(event: CompanyAdded, country: str, employees: int, logo: str | None = None) -> dict[str, object]:
    """`logo` has a default, so this runs without it."""
    return {"name": event.name, "country": country, "employees": employees, "logo": logo or "placeholder.svg"}
