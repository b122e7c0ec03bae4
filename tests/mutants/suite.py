"""The models' own tests, run in this process: once as they are, and against a mutant."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.mutants.mutate import SHARED, Mutant
from tests.mutants.processes import allow
from tests.mutants.touched import Touched

ROOT = Path(__file__).parents[2]
UNIT = "tests/unit/protocols"
BESIDE = {
    "aave_v36": ("tests/laws/test_aave_v36_edges.py",),
    "balancer": ("tests/laws/test_balancer_edges.py",),
    "erc4626": ("tests/laws/test_erc4626_edges.py",),
    "morpho": ("tests/laws/test_morpho_edges.py",),
    "perpetual": ("tests/laws/test_perpetual_edges.py",),
    "staking": ("tests/laws/test_staking_edges.py",),
    "uniswap_v2": (
        "tests/chain/test_uniswap_v2_followed.py",
        "tests/laws/test_uniswap_v2_reverts.py",
    ),
    "uniswap_v3": ("tests/chain/test_uniswap_v3_followed.py",),
}
"""Tests of a protocol's model that are elsewhere, on the chain."""
TESTS = (UNIT, *(path for paths in BESIDE.values() for path in paths))
QUICK = 0.2
"""Seconds within which a quick test ends."""
SHORTEST, LONGEST_TEST = 3.0, 60.0
"""Processor time in seconds after which a test is taken to go on for ever."""


@dataclass(frozen=True, slots=True)
class Test:
    """A test that passes: how long it takes, and the functions of the models that it runs."""

    seconds: float
    touched: frozenset[str]

    def reaches(self, mutant: Mutant) -> bool:
        """Whether it runs what the mutant changes; loading a module is enough for some."""
        return mutant.function is None or mutant.function in self.touched


Suite = Mapping[str, Test]
"""Tests by their node identifiers."""


class Failing(Exception):
    """The tests do not pass, or do not run, though nothing was changed."""


def passing(which: Iterable[str] = TESTS) -> Suite:
    """Tests of these paths, run without a mutant. Raises Failing if one does not pass."""
    noting = _Noting()
    status = _run(which, noting, "--maxfail=1")
    if status != pytest.ExitCode.OK:
        raise Failing(f"{noting.failed} ({status!r}) fails without any mutant: mend that first")
    return {name: Test(noting.seconds[name], touched) for name, touched in noting.touched.items()}


def first_failure(mutant: Mutant, suite: Suite, *, quickly: bool) -> str | None:
    """The first test that fails under a mutant, loaded already, or none.

    Only tests that run the changed function, where it is known what the tests run; and only
    quick ones, if so asked.
    """
    paths = _paths_for(mutant.protocol)
    others = {
        name
        for name, test in suite.items()
        if not (test.reaches(mutant) and (not quickly or test.seconds < QUICK))
    }
    if suite:
        files = {name.partition("::")[0] for name in suite.keys() - others}
        paths = tuple(sorted(file for file in files if file.startswith(paths)))
    choosing = _Choosing(suite=suite, mutant=mutant, others=others)
    status = _run(paths, choosing, "--exitfirst") if paths else pytest.ExitCode.OK
    if status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return None
    if status in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        return choosing.failed
    raise Failing(f"pytest ended with {status!r}")


def load() -> None:
    """Load every test module here, so that a process that begins as a copy finds much loaded."""
    with redirect_stdout(StringIO()):
        _run(TESTS, _Plugin(), "--collect-only")


def _paths_for(protocol: str) -> tuple[str, ...]:
    """Where the tests of a protocol's model are; of what protocols share, everywhere."""
    if protocol == SHARED:
        return TESTS
    return (f"{UNIT}/{protocol}", *BESIDE.get(protocol, ()))


def _run(paths: Iterable[str], plugin: object, option: str) -> pytest.ExitCode | int:
    places = [str(ROOT / path) for path in paths if (ROOT / path.partition("::")[0]).exists()]
    options = ["-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "--rootdir", str(ROOT), option]
    return pytest.main([*options, *places], plugins=[plugin])


UNLOADABLE = "a module of tests that cannot be loaded"


@dataclass(eq=False, slots=True)
class _Plugin:
    failed: str = field(default=UNLOADABLE, init=False)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """One failing example is enough: nothing is made smaller or shown."""
        quick = settings(settings.get_profile("ci"), phases=[Phase.explicit, Phase.generate])
        settings.register_profile("mutants", quick)
        settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the first that fails."""
        if report.failed and self.failed == UNLOADABLE:
            self.failed = report.nodeid


@dataclass(eq=False, slots=True)
class _Noting(_Plugin):
    touched: dict[str, frozenset[str]] = field(default_factory=dict, init=False)
    seconds: dict[str, float] = field(default_factory=dict, init=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note which functions of the models a test runs, its fixtures included."""
        with Touched() as touched:
            outcome = yield
        self.touched[item.nodeid] = touched.functions
        return outcome

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how long a test takes."""
        _Plugin.pytest_runtest_logreport(self, report)
        before = self.seconds.get(report.nodeid, 0.0)
        self.seconds[report.nodeid] = before + report.duration


@dataclass(eq=False, slots=True)
class _Choosing(_Plugin):
    suite: Suite
    mutant: Mutant
    others: Container[str]

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """All but the others, the quick ones first. A mutant may give a test another name."""
        chosen = [item for item in items if item.nodeid not in self.others]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        chosen.sort(key=self._order)
        items[:] = chosen

    def _order(self, item: pytest.Item) -> tuple[bool, float]:
        """By time; where that is not known, first what needs no chain and has the file's name."""
        if known := self.suite.get(item.nodeid):
            return known.seconds > 1, known.seconds
        is_counting = "record_property" in getattr(item, "fixturenames", ())  # cases of a law
        is_of_file = item.path.stem.removeprefix("test_") == Path(self.mutant.path).stem
        is_on_chain = item.get_closest_marker("chain") is not None
        return is_counting, 2.0 * is_on_chain + (not is_of_file)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A test that does not end is as good as one that fails."""
        known = self.suite.get(item.nodeid)
        allow(LONGEST_TEST if known is None else SHORTEST + 5 * known.seconds)
