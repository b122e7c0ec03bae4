"""Every exception that trimtab raises, grouped by what the loop does next.

TrimtabError
|- ConfigError          refuse to start
|- DataError            skip this block
|  |- StaleState        a state or price older than its bound
|  |- Reorg             the block we stood on is gone
|  |- MissingRead       an answer is absent, short or reverted
|  |- PriceDisagreement a price that cannot be believed
|  `- RpcError          the node: transport, limit, wrong_chain, inconsistent
|- PlanError            hold
|  |- NoRoute           no pool leads from one token to the other
|  |- Infeasible        the target cannot be reached inside the bounds
|  |- Uneconomic        the move does not pay for itself within the horizon
|  `- ModelMismatch     the chain's simulation and our model differ
|- SignerError          halt
|- JournalError         halt
`- InvariantViolation   halt, page a human
"""

from typing import Literal

RpcFault = Literal["transport", "limit", "wrong_chain", "inconsistent"]


class TrimtabError(Exception):
    """Anything that trimtab refuses or fails at, in words that say what to do."""


class ConfigError(TrimtabError):
    """What the user gave cannot be used: refuse to start."""


class DataError(TrimtabError):
    """This block cannot be judged: skip it."""


class StaleState(DataError):
    """A state or a price is older than its bound."""


class Reorg(DataError):
    """The block that a reading was pinned to is no longer part of the chain."""


class MissingRead(DataError):
    """An answer from the chain is absent, too short, or reverted where it must not."""


class PriceDisagreement(DataError):
    """A price that cannot be believed: not positive, or against another source."""


class RpcError(DataError):
    """The node failed us; `fault` says in which of the four ways."""

    def __init__(self, message: str, fault: RpcFault) -> None:
        super().__init__(message)
        self.fault = fault


class PlanError(TrimtabError):
    """No plan can be made of this target: hold."""


class NoRoute(PlanError):
    """No pool leads from the one token to the other."""


class Infeasible(PlanError):
    """The target cannot be reached inside the bounds of the plan."""


class Uneconomic(PlanError):
    """The move does not pay for its gas, fees and slippage within the horizon."""


class ModelMismatch(PlanError):
    """The simulation on the chain and our model give different deltas."""


class SignerError(TrimtabError):
    """The key cannot be read or does not fit the account: halt."""


class JournalError(TrimtabError):
    """The journal cannot be written or believed: halt."""


class InvariantViolation(TrimtabError):
    """Something that is never true was true: halt and page a human."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
