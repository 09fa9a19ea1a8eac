"""What a round comes to, given what was found."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from chaos.evidence import Evidence
from chaos.faults.fault import Fault, Injected, Scene
from chaos.options import Options
from chaos.plan import Round
from chaos.report import print_tail, write_json
from chaos.rounds import Judgement, judge
from tests.chaos.invented import evidence


async def do_nothing(scene: Scene) -> Injected:
    return Injected()


ROUND = Round(
    number=1,
    fault=Fault("F11", "FLUSHALL", "redis", do_nothing, effect="times flushed"),
    seed=7,
    seconds=10.0,
    least_ok=2,
    least_kills=0,
)

FLUSHED = Injected(details={"times flushed": 5})


def killed(*counts: bool) -> Injected:
    injected = Injected(details={"times flushed": 1})
    for each in counts:
        injected.kill("api-1", counts=each)
    return injected


def verdict(injected: Injected = FLUSHED, found: Evidence | None = None, planned: Round = ROUND) -> str:
    return judge(planned, injected, found or evidence()).verdict


def test_a_round_passes_if_nothing_is_found_and_enough_was_done() -> None:
    assert verdict() == "pass"


@pytest.mark.parametrize(
    ("injected", "planned"),
    [
        (Injected(), ROUND),
        (Injected(details={"times flushed": 0}), ROUND),
        (FLUSHED, replace(ROUND, least_ok=3)),
        (killed(True, False), replace(ROUND, least_kills=2)),
    ],
)
def test_a_round_that_proves_nothing_is_void(injected: Injected, planned: Round) -> None:
    assert verdict(injected, planned=planned) == "void"


def test_only_kills_that_met_somebody_at_work_count() -> None:
    judged = judge(replace(ROUND, least_kills=2), killed(True, False, True), evidence())
    assert (judged.verdict, judged.kills, judged.counted) == ("pass", 3, 2)


def test_a_breach_is_one_whatever_else_there_is() -> None:
    assert verdict(Injected(), evidence(listed_failed=frozenset()), replace(ROUND, least_ok=3)) == "breach"


def test_what_cannot_be_injected_is_skipped() -> None:
    assert verdict(Injected(skipped="no library")) == "skipped"


def test_a_campaign_tells_how_to_repeat_what_did_not_pass(capsys: pytest.CaptureFixture[str]) -> None:
    judged: list[Judgement] = [judge(ROUND, FLUSHED, evidence()), judge(ROUND, Injected(), evidence())]
    print_tail(Options(seed=9, minutes=30.0, events_per_second=70.0), judged, 80.0)

    printed = capsys.readouterr().out
    assert "2 rounds: 1 pass, 1 void" in printed
    assert printed.count("Again:") == 1
    assert "--seed 9 --faults F11 --minutes 0.666667 --events-per-second 70" in printed


def test_the_json_has_the_seed_and_the_machine(tmp_path: Path) -> None:
    write_json(tmp_path / "campaign.json", Options(seed=9), {"passed": True})

    told = orjson.loads((tmp_path / "campaign.json").read_bytes())
    assert (told["seed"], told["passed"]) == (9, True)
    assert told["machine"]["cores"]
