"""The figures of the engine, as tables name them."""

#: Nodes of a short and of a long row: their difference is what a node costs, without what an attempt costs.
SHORT, LONG = 2, 40

NODE = "engine, a light async node in a row"
SYNC_NODE = "engine, a light sync node in a row"
MAPPED = "engine, a map over 10,000 items"
HELD = "engine, a process in which 10,000 events wait"

#: By figure, its unit.
UNITS = {NODE: "µs", SYNC_NODE: "µs", MAPPED: "s", HELD: "MiB"}
