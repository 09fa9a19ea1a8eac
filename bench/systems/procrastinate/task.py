"""The name by which jobs find their function."""

#: The task of both steps.
TASK = "two_steps"
