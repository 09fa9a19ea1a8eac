"""Resources: a database session for each run, and one HTTP client for the whole process.

Try it: headrace send customer.moved customer_id=7 postcode=B-2000
"""

from collections.abc import AsyncIterator
from typing import Annotated

from httpx2 import AsyncClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from headrace import EventSchema, Pipeline, Resource, db_session

CITIES_URL = "https://cities.example"


class CustomerMoved(EventSchema, type="customer.moved"):
    customer_id: int
    postcode: str


async def connect() -> AsyncIterator[AsyncClient]:
    """Opened when a node first needs it; what follows `yield` runs when the process ends."""
    async with AsyncClient(base_url=CITIES_URL, timeout=10) as client:
        yield client


#: Names for types that are written more than once.
Cities = Annotated[AsyncClient, Resource(connect)]
Database = Annotated[Session, Resource(db_session, scope="run")]

customers = Pipeline("customers", CustomerMoved)


@customers.node
async def city(event: CustomerMoved, client: Cities) -> str:
    answer = await client.get(f"/{event.postcode}")
    answer.raise_for_status()
    return str(answer.json()["name"])


@customers.node
def update(event: CustomerMoved, city: str, session: Database) -> int:
    """The table is your own, in the same database. A commit is yours to make; writing the same twice does no harm."""
    statement = text("UPDATE customers SET city = :city WHERE id = :id")
    session.execute(statement, {"city": city, "id": event.customer_id})
    session.commit()
    return event.customer_id
