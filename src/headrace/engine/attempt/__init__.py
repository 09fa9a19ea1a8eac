"""One attempt at an event: from a plan, and what earlier attempts kept, to what became of each node."""
