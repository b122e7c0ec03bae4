import pytest

from trimtab.core import errors
from trimtab.core.errors import DataError, InvariantViolation, PlanError, RpcError, TrimtabError


def test_errors__every_class__is_a_trimtab_error() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    assert [each for each in classes if not issubclass(each, TrimtabError)] == []


def test_errors__every_class__stands_in_the_tree_of_the_module() -> None:
    assert errors.__doc__ is not None
    names = [name for name, each in vars(errors).items() if isinstance(each, type)]
    assert [name for name in names if name not in errors.__doc__] == []


@pytest.mark.parametrize("name", ["StaleState", "Reorg", "MissingRead", "PriceDisagreement"])
def test_errors__data__skip_the_block(name: str) -> None:
    assert issubclass(getattr(errors, name), DataError)


@pytest.mark.parametrize("name", ["NoRoute", "Infeasible", "Uneconomic", "ModelMismatch"])
def test_errors__plan__hold(name: str) -> None:
    assert issubclass(getattr(errors, name), PlanError)


def test_rpc_error__fault__kept() -> None:
    assert RpcError("late", "transport").fault == "transport"


def test_invariant_violation__words__begin_with_its_name() -> None:
    error = InvariantViolation("INV-1 conservation", "1 unit is missing")
    assert (str(error), error.invariant) == (
        "INV-1 conservation: 1 unit is missing",
        "INV-1 conservation",
    )
