"""The name by which jobs find their function."""

#: The entrypoint of both steps.
ENTRYPOINT = "two_steps"
