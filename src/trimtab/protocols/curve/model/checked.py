"""Arithmetic of 256 bits as Vyper checks it: what does not fit reverts, with empty data.

What a contract reverts at is raised here as an ArithmeticError, ZeroDivisionError included, and
becomes the revert where a whole call is modelled.
"""

from trimtab.core.abi import UINT256_MAX


def fits(value: int) -> int:
    """The value itself. Raises OverflowError where it is no unsigned integer of 256 bits."""
    if not 0 <= value <= UINT256_MAX:
        raise OverflowError("a number below 0 or above 2**256 - 1")
    return value


def mul_div_down(a: int, b: int, denominator: int) -> int:
    """`a * b / denominator`, rounded down; the product has to fit as well."""
    return fits(a * b) // denominator
