"""What is told of a campaign: a table for people, JSON for machines."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from bench.machine import machine
from chaos.broken.trial import Trial
from chaos.options import EVENTS_PER_SECOND, Options
from chaos.plan import BESIDE_SECONDS, Round
from chaos.rounds import VERDICTS, Judgement

_HEAD = (
    "fault",
    "s",
    "events",
    "ok",
    "refused",
    "unknown",
    "p99 s",
    "kills",
    "counted",
    "reruns",
    "taken over",
    "quiet s",
    "copied s",
)

_LINE = "{:6} {:>5} {:>7} {:>6} {:>7} {:>7} {:>6} {:>6} {:>7} {:>7} {:>10} {:>8} {:>8}  {}"


def print_head(options: Options, rounds: Sequence[Round], folder: Path) -> None:
    """What is about to happen, and how to have it happen again."""
    _print_plan("The fault campaign", options, folder)
    for planned in rounds:
        print(f"  {planned.fault.name:4} {planned.fault.title}")
    print(_LINE.format(*_HEAD, ""), flush=True)


def print_trials_head(options: Options, folder: Path) -> None:
    """As `print_head`, of a trial of broken builds."""
    _print_plan("Builds that are broken on purpose", options, folder)


def _print_plan(what: str, options: Options, folder: Path) -> None:
    kind = "short" if options.is_short else f"{options.minutes:g} minutes"
    print(f"{what}, {kind}; seed {options.seed}; {options.events_per_second:g} events/s; in {folder}", flush=True)


def print_round(judgement: Judgement) -> None:
    """A line of the table, and below it what was found."""
    quiet = "never" if judgement.quiet_seconds is None else judgement.quiet_seconds
    figures = (
        judgement.fault,
        f"{judgement.seconds:.0f}",
        judgement.events,
        judgement.ok,
        judgement.refused,
        judgement.unknown,
        "-" if judgement.accept_p99_seconds is None else judgement.accept_p99_seconds,
        judgement.kills,
        judgement.counted,
        judgement.reruns,
        judgement.taken_over,
        quiet,
        "-" if judgement.copied_seconds is None else judgement.copied_seconds,
    )
    print(_LINE.format(*figures, judgement.verdict.upper() if judgement.verdict != "pass" else "pass"))
    for name, value in judgement.details.items():
        print(f"         {name}: {value:g}")
    for finding in judgement.findings:
        print(f"         {finding}")
    for why in filter(None, (judgement.void, judgement.skipped)):
        print(f"         {why}")
    print(end="", flush=True)


def print_tail(options: Options, judgements: Sequence[Judgement], seconds: float) -> None:
    """The sum of it, and how to repeat what did not pass."""
    verdicts = [judgement.verdict for judgement in judgements]
    events = sum(judgement.events for judgement in judgements)
    counted = sum(judgement.counted for judgement in judgements)
    again = sum(judgement.reruns for judgement in judgements)
    told = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS if verdict in verdicts)
    sums = f"{events} events, {counted} kills that counted, {again} reruns"
    print(f"{len(judgements)} rounds: {told}; {sums}; {seconds:.0f} s.")
    for one in judgements:
        if one.verdict in ("breach", "void"):
            print(f'Again: make chaos CHAOS_ARGS="{_words(options, one)}"')


def _words(options: Options, judgement: Judgement) -> str:
    """The options that repeat a round."""
    words = f"--seed {options.seed} --faults {judgement.fault}"
    if not options.is_short:
        words += f" --minutes {(judgement.seconds + BESIDE_SECONDS) / 60:g}"
    if options.events_per_second != EVENTS_PER_SECOND:
        words += f" --events-per-second {options.events_per_second:g}"
    return words


def print_trials(trials: Sequence[Trial]) -> None:
    """A line for each broken build: what should have fallen, what fell, how the sound build did."""
    line = "{:22} {:5} {:>9} {:14} {:8} {}"
    print(line.format("broken build", "fault", "expected", "fallen", "sound", ""))
    for trial in trials:
        build = trial.build
        expected, fallen = "/".join(build.invariants), ", ".join(trial.fallen) or "nothing"
        verdict = "caught" if trial.is_caught else "MISSED"
        print(line.format(build.name, build.fault.name, expected, fallen, trial.sound.verdict, verdict))


def print_kept(folder: Path) -> None:
    """Where to look."""
    print(f"Logs, journals and evidence are in {folder}.")


def verdicts_of(judgements: Sequence[Judgement]) -> list[dict[str, object]]:
    """Each with all figures, for machines."""
    return [asdict(judgement) | {"verdict": judgement.verdict} for judgement in judgements]


def trials_of(trials: Sequence[Trial]) -> list[dict[str, object]]:
    """`{"build", "title", "expected", "fallen", "caught", "sound", "broken"}` each, for machines."""
    return [
        {
            "build": trial.build.name,
            "title": trial.build.title,
            "expected": trial.build.invariants,
            "fallen": trial.fallen,
            "caught": trial.is_caught,
            "sound": verdicts_of([trial.sound])[0],
            "broken": verdicts_of([trial.broken])[0],
        }
        for trial in trials
    ]


def write_json(path: Path, options: Options, told: dict[str, object]) -> None:
    """`{"seed", "minutes", "events_per_second", "machine", "passed", "seconds"}`, and `rounds` or `trials`."""
    head = {
        "seed": options.seed,
        "minutes": options.minutes,
        "events_per_second": options.events_per_second,
        "machine": machine(),
    }
    path.write_bytes(orjson.dumps(head | told, option=orjson.OPT_INDENT_2))
