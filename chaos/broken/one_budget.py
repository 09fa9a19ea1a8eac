"""A worker's death counts as a failure of the node that ran, and there are nodes that may not fail once."""

import chaos.app  # noqa: F401  # its pipelines
from chaos.broken.breaking import put_in_place
from headrace.domain import settle
from headrace.domain.event import Losses
from headrace.domain.settle import Lost, Policy
from headrace.flow.relay import losses

#: What a node with `retries=0` has.
BUDGET = 1


def lose(counted: Losses, *, alone: bool, seen: bool, policy: Policy) -> Lost:
    """Give up after so many losses, whoever caused them."""
    lost = settle.lose(counted, alone=alone, seen=seen, policy=policy)
    return Lost(lost.losses, spent=lost.losses.total >= BUDGET)


put_in_place(losses, "lose", lose)
