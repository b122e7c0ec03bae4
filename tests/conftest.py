"""Settings and fixtures that all tests share."""

import importlib
import os
import pkgutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import trimtab

# Hypothesis also draws constants that it finds in the modules imported so far: all of them are,
# so that a test draws the same alone as among the others, whichever worker runs it.
for module in pkgutil.walk_packages(trimtab.__path__, "trimtab."):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)

# How fast a machine is decides no test: neither deadlines nor the check for slow generation apply.
settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", settings.get_profile("ci"), derandomize=False)
# `pytest --hypothesis-profile explore` looks where the same cases, run every time, do not.
settings.load_profile("ci")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real histories that TRIMTAB_DATA names; without it such tests are skipped."""
    folder = os.environ.get("TRIMTAB_DATA")
    if folder is None:
        pytest.skip("TRIMTAB_DATA names no folder of real histories")
    return Path(folder).resolve(strict=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests counted: the cases of the adapter law, and the mutants killed."""
    told = sorted(
        {
            str(value)
            for reports in terminalreporter.stats.values()
            for report in reports
            for name, value in getattr(report, "user_properties", ())
            if name == "told"
        }
    )
    if told:
        terminalreporter.section("counted")
        for line in told:
            terminalreporter.write_line(line)
