"""Two commits beside each other."""

from bench.compare import Values, as_markdown, turns


def test_both_have_as_many_turns_and_neither_is_always_first() -> None:
    assert turns(3) == [True, False, False, True, True, False]


def test_a_ratio_is_of_the_medians_of_what_both_have() -> None:
    other = {("accept", "small"): Values("events/s", [90, 100, 400]), ("gone", ""): Values("s", [1])}
    this = {("accept", "small"): Values("events/s", [110, 120, 130]), ("new", ""): Values("s", [1])}

    table = as_markdown(other, this, "v1")

    assert "| accept | small | 100 | 120 | 1.2 × | 90 to 400; 110 to 130 | events/s |" in table
    assert "gone" not in table
    assert "new" not in table
