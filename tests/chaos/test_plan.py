"""The plan of a campaign: the same for the same seed."""

from collections.abc import Sequence

import pytest

from chaos.faults.fault import Family, Fault, Injected, Scene
from chaos.options import Options, parse_options
from chaos.plan import UnknownFault, plan


async def do_nothing(scene: Scene) -> Injected:
    return Injected()


def fault(name: str, family: Family) -> Fault:
    searches = family in ("search", "mix")
    return Fault(name, f"the fault {name}", family, do_nothing, kills=family == "worker", searches=searches)


FAULTS: Sequence[Fault] = (
    fault("F1", "api"),
    fault("F2", "api"),
    fault("F5", "worker"),
    fault("F6", "worker"),
    fault("F9", "redis"),
    fault("F19", "search"),
    fault("F32", "load"),
    fault("F36", "mix"),
)


@pytest.mark.parametrize("minutes", [None, 30.0])
def test_a_seed_gives_the_same_plan_again_and_another_seed_another(minutes: float | None) -> None:
    plans = [plan(Options(seed, minutes), FAULTS) for seed in (7, 7, 8)]
    assert plans[0] == plans[1]
    assert plans[0] != plans[2]


def test_a_fault_alone_has_the_seed_that_it_has_among_others() -> None:
    seeds = {planned.fault.name: planned.seed for planned in plan(Options(7, minutes=30), FAULTS)}
    assert [planned.seed for planned in plan(Options(7), FAULTS, ["F9"])] == [seeds["F9"]]
    assert len(set(seeds.values())) == len(FAULTS)


def test_the_short_campaign_has_a_fault_of_each_family() -> None:
    for seed in range(20):
        families = sorted(planned.fault.family for planned in plan(Options(seed), FAULTS))
        assert families == ["api", "load", "mix", "redis", "search", "worker"]


def test_the_long_campaign_has_all_faults_and_shares_its_time_among_them() -> None:
    rounds = plan(Options(1, minutes=30), FAULTS)
    assert {planned.fault.name for planned in rounds} == {fault.name for fault in FAULTS}
    assert sum(planned.seconds + 30 for planned in rounds) == pytest.approx(30 * 60)
    assert all(planned.least_ok == 500 for planned in rounds)


def test_faults_that_need_a_search_copy_come_together() -> None:
    for seed in range(20):
        searches = [planned.fault.searches for planned in plan(Options(seed, minutes=30), FAULTS)]
        assert searches == sorted(searches)
        assert [planned.number for planned in plan(Options(seed), FAULTS)] == [1, 2, 3, 4, 5, 6]


def test_only_faults_that_kill_need_kills() -> None:
    assert {planned.fault.name for planned in plan(Options(1, minutes=30), FAULTS) if planned.least_kills} == {
        "F5",
        "F6",
    }


def test_named_faults_are_taken_and_an_unknown_name_is_told() -> None:
    assert {planned.fault.name for planned in plan(Options(1), FAULTS, ["F32", "F9"])} == {"F32", "F9"}
    with pytest.raises(UnknownFault, match="F99"):
        plan(Options(1), FAULTS, ["F9", "F99"])


def test_the_command_line_is_read() -> None:
    options = parse_options(["--minutes", "30", "--seed", "7", "--faults", "F5,F9", "--events-per-second", "80"])
    assert (options.minutes, options.seed, options.faults) == (30, 7, ("F5", "F9"))
    assert (options.events_per_second, options.broken, options.is_short) == (80, None, False)
    assert parse_options(["--broken"]).broken == ()
    assert parse_options(["--broken", "no-fencing"]).broken == ("no-fencing",)
