import pytest

from bench.quantiles import quantile


@pytest.mark.parametrize(("part", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_quantile_is_one_of_the_values(part: float, value: int) -> None:
    assert quantile(list(range(100, 0, -1)), part) == value


def test_of_nothing_there_is_none() -> None:
    with pytest.raises(ValueError, match="nothing"):
        quantile([], 0.5)
