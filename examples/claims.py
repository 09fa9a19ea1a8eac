"""Several pipelines for one type of event, chosen by a rule, and a new version beside the old one.

Try it: headrace send claim.filed cents=900
"""

from headrace import EventSchema, Pipeline


class ClaimFiled(EventSchema, type="claim.filed"):
    cents: int


#: Takes what its rule is true for.
small_claims = Pipeline("small_claims", ClaimFiled, when=lambda event: event.cents < 10_000)


@small_claims.node
def pay(event: ClaimFiled) -> int:
    return event.cents


#: Runs that began with version 1 end with it; it can go when none is left.
claims_1 = Pipeline("claims", ClaimFiled, version=1)


@claims_1.node
def assign() -> str:
    return "the one adjuster that we had"


#: Takes every other new claim, because of all versions of a name the highest does.
claims = Pipeline("claims", ClaimFiled, version=2)


@claims.node
def examine(event: ClaimFiled) -> str:
    return "adjuster for large sums" if event.cents > 1_000_000 else "adjuster"
