import random
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.engine import Pipeline
from headrace.engine.attempt.board import Board, StepState
from headrace.engine.plan import Plan, Step
from headrace.engine.shapes import Join, Router
from tests.engine.attempt.test_graphs import Graph, graphs
from tests.engine.support import TicketOpened


def a_node(number: int, taken: Collection[int], optional: Collection[int]) -> Any:
    parameters = [f"n{other}" for other in taken] + [f"n{other}=None" for other in optional]
    names: dict[str, Any] = {}
    exec(f"def n{number}({', '.join(parameters)}): ...", names)  # noqa: S102 - parameters are what a node takes
    return names[f"n{number}"]


def plan_of(graph: Graph, dice: random.Random) -> Plan:
    """Nodes of all shapes, each edge an input, an input with a default, or an `after`."""
    pipeline = Pipeline("graph", TicketOpened, register=False)
    awaited = {other for upstream in graph.values() for other in upstream}
    for number, upstream in graph.items():
        sorts = {other: dice.choice(["taken", "optional", "after"]) for other in sorted(upstream)}
        taken, optional, after = ([o for o, sort in sorts.items() if sort == s] for s in ("taken", "optional", "after"))
        target = a_node(number, taken, optional)
        named = [f"n{other}" for other in after]
        shape = dice.choice(["node", "node", "router", "join", "any"])
        if shape == "router" and number in awaited:
            pipeline.router(after=named)(target)
        elif shape == "join" and upstream:
            pipeline.join(after=named)(target)
        elif shape == "any" and upstream:
            pipeline.join(after=named, any=[f"n{dice.choice(sorted(upstream))}"])(target)
        else:
            pipeline.node(after=named)(target)
    return pipeline.plan


@dataclass
class Play:
    """A run without calls: what is ready ends in any order, finished or skipped, and a router chooses anything."""

    plan: Plan
    dice: random.Random
    opened: list[int] = field(default_factory=list)
    choices: dict[int, set[str]] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.board = Board(self.plan)
        self.ready = self.board.start()

    def end_one(self) -> None:
        position = self.ready.pop(self.dice.randrange(len(self.ready)))
        assert position not in self.opened, "a node may start only once"
        assert self.may_start(self.plan.steps[position])
        self.opened.append(position)
        step = self.plan.steps[position]
        if self.dice.random() < 0.1:
            self.failed.add(position)
            self.ready += self.board.skip(position)
        elif isinstance(step.spec.shape, Router):
            names = [self.plan.steps[other].name for other in step.dependants]
            self.choices[position] = {name for name in names if self.dice.random() < 0.5}
            self.ready += self.board.finish(position, self.choices[position])
        else:
            self.ready += self.board.finish(position)

    def may_start(self, step: Step) -> bool:
        shape = step.spec.shape
        waited = [at for at in step.before if not self.board.is_done(at)]
        if isinstance(shape, Join) and shape.first:
            firsts = [at for at in step.before if self.plan.steps[at].name in shape.first]
            return not set(waited) - set(firsts) and any(self.is_open(at, step) for at in step.before)
        return not waited

    def is_open(self, at: int, step: Step) -> bool:
        finished = self.board.states[at] is StepState.FINISHED
        return finished and step.name in self.choices.get(at, {step.name})

    def is_skipped(self, step: Step) -> bool:
        """The rule, from the states of the nodes before."""
        if step.position in self.failed:
            return True
        closed = [at for at in step.before if not self.is_open(at, step)]
        needs = set() if isinstance(step.spec.shape, Join) else {at for at in closed if at in step.needs}
        return bool(needs) or (bool(step.before) and len(closed) == len(step.before))


@settings(max_examples=300, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 10_000))
def test_every_node_starts_once_when_it_may_or_is_skipped_by_the_rule(graph: Graph, seed: int) -> None:
    dice = random.Random(seed)
    play = Play(plan_of(graph, dice), dice)
    while play.ready:
        play.end_one()
    for step in play.plan.steps:
        wanted = StepState.SKIPPED if play.is_skipped(step) else StepState.FINISHED
        assert play.board.states[step.position] is wanted, step.name
    assert all(play.board.is_done(step.position) for step in play.plan.steps)
    skipped = {step.name for step in play.plan.steps if play.board.states[step.position] is StepState.SKIPPED}
    assert sorted(play.board.skipped) == sorted(skipped - {play.plan.steps[at].name for at in play.failed})


@settings(max_examples=100, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 10_000), ends=st.integers(0, 5))
def test_nothing_starts_after_a_stop_and_all_come_to_an_end(graph: Graph, seed: int, ends: int) -> None:
    dice = random.Random(seed)
    play = Play(plan_of(graph, dice), dice)
    for _ in range(ends):
        if play.ready:
            play.end_one()
    play.board.stop()
    started = {*play.opened, *play.ready}
    while play.ready:
        play.end_one()
    assert set(play.opened) == started
    assert all(play.board.is_done(step.position) for step in play.plan.steps)


@settings(max_examples=100, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 10_000), spared=st.sets(st.integers(0, 9)))
def test_a_stop_that_spares_some_lets_only_those_start(graph: Graph, seed: int, spared: set[int]) -> None:
    dice = random.Random(seed)
    play = Play(plan_of(graph, dice), dice)
    names = {f"n{number}" for number in spared}
    play.board.stop(names)
    play.ready = play.board.keep_started(play.ready)
    while play.ready:
        play.end_one()
    assert {play.plan.steps[at].name for at in play.opened} <= names
    assert all(play.board.is_done(step.position) for step in play.plan.steps)


@settings(max_examples=100, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 10_000), ends=st.integers(0, 9))
def test_a_board_that_is_told_what_finished_goes_on_as_the_first_would_have(graph: Graph, seed: int, ends: int) -> None:
    dice = random.Random(seed)
    play = Play(plan_of(graph, dice), dice)
    for _ in range(ends):
        if play.ready:
            play.end_one()
    again = Board(play.plan)
    opened: list[int] = []
    for position in sorted(play.opened):
        chosen = play.choices.get(position)
        opened += again.skip(position) if position in play.failed else again.finish(position, chosen)
    opened = [at for at in dict.fromkeys(opened) if again.states[at] is StepState.STARTED] + again.start()
    assert sorted(opened) == sorted(play.ready)
    assert again.states == play.board.states
