"""A join of whichever comes first: the first carrier to answer gets the parcel, and one that is down is left out.

Try it: headrace send parcel.packed weight_kilograms=2.5
"""

import asyncio

from pydantic import BaseModel

from headrace import EventSchema, Pipeline


class ParcelPacked(EventSchema, type="parcel.packed"):
    weight_kilograms: float


class Offer(BaseModel):
    carrier: str
    cents: int


parcels = Pipeline("parcels", ParcelPacked)


@parcels.node(on_error="skip")
async def bicycle(event: ParcelPacked) -> Offer:
    return Offer(carrier="bicycle", cents=round(300 * event.weight_kilograms))


@parcels.node(on_error="skip")
async def van(event: ParcelPacked) -> Offer:
    await asyncio.sleep(0.2)  # slower to answer
    return Offer(carrier="van", cents=round(150 * event.weight_kilograms))


@parcels.node(retries=0, on_error="skip")
async def drone() -> Offer:
    raise ConnectionError("no drone answers in this weather")


@parcels.join(any=[bicycle, van, drone])
def book(bicycle: Offer | None, van: Offer | None, drone: Offer | None) -> str:
    """Runs as soon as one of them has an offer; None stands for what is not there yet, or was skipped."""
    offers = [offer for offer in (bicycle, van, drone) if offer is not None]
    return min(offers, key=lambda offer: offer.cents).carrier
