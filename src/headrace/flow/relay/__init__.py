"""The loop that looks after what nobody holds: the dead, the parked, the due, the ledger, the partitions."""

from headrace.flow.relay.relay import Relay, RelayTimes

__all__ = ["Relay", "RelayTimes"]
