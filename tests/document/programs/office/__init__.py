"""A user's package: its tasks are in a module of their own, which nobody imports."""
