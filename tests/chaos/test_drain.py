"""What is said of a backlog that drained."""

from chaos.drain import Second, summary


def test_it_counts_from_the_deepest_second_to_the_first_level_one() -> None:
    before = [Second(at, False, 50, 50, 10) for at in range(5)]
    out = [Second(5 + at, True, 50, 0, 60 + 50 * at) for at in range(4)]
    after = [Second(9 + at, False, 50, 0 if at == 0 else 110, 260 - 60 * at) for at in range(5)]

    told = summary([*before, *out, *after])

    assert told == (
        "backlog 260, drained in 4 s; finished a second while draining: least 110, quarters 110 110 110, most 110"
    )


def test_it_says_so_if_the_backlog_stays() -> None:
    seconds = [Second(at, at == 5, 50, 0, 50 * at) for at in range(10)]

    assert summary(seconds).startswith("backlog 450, not drained; ")
