"""How a person is told that nothing starts."""

from headrace.errors import ConfigurationError


def tell_problems(error: ConfigurationError) -> str:
    """How many problems there are, and each of them, a line each."""
    count = len(error.problems)
    title = f"{count} problem{'s' if count > 1 else ''}, in the settings or in your module:"
    return "\n".join([title, *(f"  - {problem}" for problem in error.problems)])
