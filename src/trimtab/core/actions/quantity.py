"""How much an action moves."""

from enum import Enum


class All(Enum):
    """Everything there is: time passes before a transaction lands, so no integer can name it."""

    ALL = "all"


ALL = All.ALL
Quantity = int | All
