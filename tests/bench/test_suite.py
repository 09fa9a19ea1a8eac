import random

from bench.suite import Tried, order_of
from tests.bench.figures import a_trial


def test_each_round_has_an_order_of_its_own_and_every_trial() -> None:
    made = [Tried(a_trial()) for _ in range(20)]
    chance = random.Random(1)
    first, second = order_of(made, 1, chance), order_of(made, 2, chance)
    assert [id(one) for one in first] != [id(one) for one in second]
    assert {id(one) for one in first} == {id(one) for one in second} == {id(one) for one in made}


def test_the_order_comes_from_the_seed() -> None:
    made = [Tried(a_trial()) for _ in range(20)]
    orders = [[id(one) for one in order_of(made, 1, random.Random(7))] for _ in range(2)]
    assert orders[0] == orders[1]


def test_what_is_made_once_is_made_in_the_first_round() -> None:
    made = [Tried(a_trial(once=True)), Tried(a_trial())]
    assert len(order_of(made, 1, random.Random(1))) == 2
    assert order_of(made, 2, random.Random(1)) == [made[1]]
