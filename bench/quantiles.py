"""Quantiles."""

import math
from collections.abc import Sequence


def quantile(values: Sequence[float], part: float) -> float:
    """The least of the values that at least this part of them does not exceed. Raises ValueError if there are none."""
    if not values:
        raise ValueError("There is nothing to take a quantile of.")
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]
