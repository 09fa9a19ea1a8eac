"""The loop that looks after what nobody holds: the dead, the parked, the due, the ledger, the partitions."""

from headrace.flow.relay.losses import ALONE_ROLE
from headrace.flow.relay.relay import Relay, RelayTimes

__all__ = ["ALONE_ROLE", "Relay", "RelayTimes"]
