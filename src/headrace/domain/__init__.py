"""Values and decisions, without I/O: what an event is, what a run may become, and when."""
