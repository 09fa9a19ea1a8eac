"""Nobody looks after what nobody holds."""

import chaos.app  # noqa: F401  # its pipelines
from chaos.broken.breaking import put_in_place
from headrace.flow.relay import Relay


async def rest(relay: Relay) -> None:
    """Instead of `run`."""
    await relay._stopping.wait()  # noqa: SLF001


put_in_place(Relay, "run", rest)
