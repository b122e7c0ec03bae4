"""The law's worlds in process, and sequences of actions that the unchanged models drew on them.

A sequence is run against a mutant as it was drawn, with the same moments, actors and actions on
the same bytecode: a mutant that also changed what is drawn could steer away from where it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.mutants.mutate import SHARED
from tests.mutants.touched import Touched
from tests.support import evm
from trimtab.core.actions import Action
from trimtab.core.token import Address
from trimtab.lab.world import Deployment, WorldSpec, local_world

if TYPE_CHECKING:
    from tests.laws.law import Draw, Port
    from trimtab.core.market import Accounts
    from trimtab.core.states import States

STEPS = 30
OWNERS = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """A world in process, and the protocol whose actions are drawn on it.

    It holds no object of a class of the models: where a mutant runs, those classes are others.
    """

    name: str
    protocol: str
    machine: evm.Evm
    deployment: Deployment
    protocols: tuple[str, ...]
    """Whose markets the law reads here. To read the others too takes long."""

    def concerns(self, protocol: str) -> bool:
        """Whether the law here runs what belongs to that protocol, or is shared by all."""
        return protocol in (SHARED, *self.protocols)

    @property
    def owners(self) -> tuple[Address, ...]:
        """Who acts."""
        return self.deployment.agents[:OWNERS]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One sequence: seconds waited and action, in turn; and the functions that it runs."""

    steps: tuple[tuple[int, Action], ...]
    touched: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scene:
    """A stage as the models that are loaded now read it."""

    stage: Stage
    port: Port
    accounts: Accounts
    states: States


def stages() -> tuple[Stage, ...]:
    """Every protocol of the law in its world, then edges that are rare there."""
    from tests.laws import PORTS

    worlds: list[tuple[WorldSpec, tuple[evm.Evm, Deployment]]] = []
    for port in PORTS:
        if port.world not in [world for world, _ in worlds]:
            worlds.append((port.world, _loaded(port.world)))
    plain = (
        _stage(port.name, port.name, *loaded)
        for port in PORTS
        for world, loaded in worlds
        if world == port.world
    )
    return (*plain, _capped(), _thin(), _edges(), _uneven())


def _stage(name: str, protocol: str, machine: evm.Evm, deployment: Deployment) -> Stage:
    from tests.laws import PORTS

    protocols = next(port.protocols for port in PORTS if port.name == protocol)
    return Stage(name, protocol, machine, deployment, protocols)


def _capped() -> Stage:
    """Lending reserves with caps, unlike settings, and collateral that nothing may rest on."""
    from tests.unit.protocols.aave_v3.scene import deploy
    from tests.unit.protocols.aave_v3.test_on_the_chain import with_caps

    with contextmanager(deploy)() as scene:
        with_caps(scene)
        return _stage("aave_v3, with caps", "aave_v3", scene.machine, scene.deployment)


def _thin() -> Stage:
    """Exchanges with little liquidity, gaps in it, and a protocol fee."""
    from tests.laws.test_uniswap_v3_thin_pools import THIN, with_islands

    stage = _stage("uniswap_v3, thin pools", "uniswap_v3", *_loaded(THIN))
    scene = read(stage)
    with_islands(stage.machine, stage.deployment, scene.accounts, scene.states)
    return stage


def _edges() -> Stage:
    """Pairs that are full, empty and one-sided, and a protocol fee."""
    from tests.laws.pair_edges import edges, turn_fee

    stage = edges()
    turn_fee(stage, "on")
    return _stage("uniswap_v2, edges", "uniswap_v2", stage.machine, stage.deployment)


def _uneven() -> Stage:
    """Weighted pools that are empty at first, with uneven weights and the greatest fee."""
    from tests.laws.weighted_edges import odd_scene

    scene = odd_scene()
    return _stage("balancer, odd pools", "balancer", scene.machine, scene.deployment)


def read(stage: Stage) -> Scene:
    """What the loaded models read of a stage. Only the markets that its law needs."""
    from tests.laws import PORTS
    from tests.laws.law import read_states
    from trimtab.core.market import tracked
    from trimtab.mandate.adapters import ADAPTERS
    from trimtab.mandate.book import read_book

    book = read_book(stage.deployment.to_json(), stage.name)
    everything = tuple(book.markets.values())
    needed = tuple(each for each in everything if each.protocol in stage.protocols)
    takers = any(each.spenders for each in needed)
    accounts = tracked(stage.owners, needed if takers else everything)
    port = next(port for port in PORTS if port.name == stage.protocol)
    return Scene(stage, port, accounts, read_states(stage.machine, ADAPTERS, needed, accounts))


def replay(scene: Scene, drawn: Drawn) -> None:
    """Hold the models to the law over a sequence. Raises whatever shows that they break it."""
    waits = iter([wait for wait, _ in drawn.steps])
    actions = iter([action for _, action in drawn.steps])
    port = replace(scene.port, actions=lambda *_: next(actions))
    _run(scene, lambda _: next(waits), port, len(drawn.steps))


def draw(stage: Stage, count: int, steps: int = STEPS) -> list[Drawn]:
    """Sequences that the loaded models draw, and obey the law in."""
    scene = read(stage)
    found: list[Drawn] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        machine, last = scene.stage.machine, scene.stage.machine.time
        taken: list[tuple[int, Action]] = []

        def note(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
            nonlocal last
            action = scene.port.actions(draw, states, owners)
            taken.append((machine.time - last, action))
            last = machine.time
            return action

        with Touched() as touched:
            _run(scene, data.draw, replace(scene.port, actions=note), steps)
        found.append(Drawn(tuple(taken), touched.functions))

    run()
    return found


def _run(scene: Scene, draw: Draw, port: Port, steps: int) -> None:
    from tests.laws.law import Tally, run_sequence
    from trimtab.mandate.adapters import ADAPTERS

    machine = scene.stage.machine
    with _undone(machine):
        run_sequence(draw, machine, ADAPTERS, scene.states, scene.accounts, port, Tally(), steps)


@contextmanager
def _undone(machine: evm.Evm) -> Iterator[None]:
    before, moment = machine.snapshot(), machine.time
    try:
        yield
    finally:
        machine.revert(before)
        machine.set_time(moment)


def _loaded(spec: WorldSpec) -> tuple[evm.Evm, Deployment]:
    from tests.laws.machines import fund

    with local_world(spec) as world:
        fund(world, world.deployment.agents[:OWNERS])
        return evm.load(world.rpc), world.deployment
