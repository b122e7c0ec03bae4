"""Division of integers with the rounding in the name."""


def div_up(numerator: int, denominator: int) -> int:
    """The quotient, rounded towards plus infinity."""
    return -(-numerator // denominator)


def mul_div_down(a: int, b: int, denominator: int) -> int:
    """`a * b / denominator`, rounded towards minus infinity."""
    return a * b // denominator


def mul_div_up(a: int, b: int, denominator: int) -> int:
    """`a * b / denominator`, rounded towards plus infinity."""
    return -(-a * b // denominator)
