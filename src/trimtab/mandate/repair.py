"""Plans that only pay debts back: what they need not keep while a debt nears its liquidation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from trimtab.core.actions import (
    Action,
    Approve,
    Collect,
    RedeemShares,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    Swap,
    SwapExactOut,
    Withdraw,
)
from trimtab.core.token import Address, Token
from trimtab.mandate.limits import HEALTH


def only_repays(actions: Iterable[Action], account: Address) -> bool:
    """Whether a plan does nothing but pay the account's debts back.

    It may take capital out of where it lies, into the account itself, and buy the tokens that it
    then repays; and nothing else.
    """
    actions = tuple(actions)
    repaid = {a.token for a in actions if isinstance(a, Repay) and a.on_behalf_of == account}
    return bool(repaid) and all(_serves(action, account, repaid) for action in actions)


def _serves(action: Action, account: Address, repaid: set[Token]) -> bool:
    match action:
        case Repay():
            return action.on_behalf_of == account
        case Withdraw() | RedeemShares():
            return action.to == account
        case Swap() | SwapExactOut():
            return action.recipient == account and action.token_out in repaid
        case RemoveLiquidity() | RemoveLiquidityOne() | Collect():
            return action.recipient == account
        case _:
            return isinstance(action, Approve)


def leads_away(broken: Mapping[str, Fraction], measured: Mapping[str, Fraction]) -> bool:
    """Whether a broken health limit is better kept after a plan, and none is worse.

    Both map the names of limits to how near to liquidation; what is not measured owes nothing.
    """
    pairs = [
        (was, measured.get(limit, Fraction(0))) for limit, was in broken.items() if is_health(limit)
    ]
    return any(now < was for was, now in pairs) and all(now <= was for was, now in pairs)


def is_health(limit: str) -> bool:
    """Whether a limit is the health of a debt."""
    return limit.startswith(HEALTH)
