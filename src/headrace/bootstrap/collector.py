"""Python's garbage collector in a process that serves many events a second."""

import gc

#: Objects made before the collector looks at the youngest, and looks before the older ones have their turn.
#: Runs and requests free themselves, and to look at a thousand of them again and again takes a third of the time.
COLLECT_AFTER = (50_000, 10, 10)


def spare_the_collector() -> None:
    """What is loaded by now stays, and need not be looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
