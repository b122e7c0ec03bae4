"""Plans that only pay debts back: what they need not keep while a debt nears its liquidation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from trimtab.core.actions import (
    Action,
    Approve,
    ClosePosition,
    Collect,
    LeaveLoop,
    OpenPosition,
    RedeemShares,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    Supply,
    Swap,
    SwapExactOut,
    Withdraw,
)
from trimtab.core.token import Address, Token
from trimtab.mandate.limits import HEALTH
from trimtab.protocols.perpetual import Perpetual


def only_repays(actions: Iterable[Action], account: Address) -> bool:
    """Whether a plan does nothing but pay the account's debts back, or secure its positions.

    It may take capital out of where it lies, into the account itself, buy the tokens that it then
    repays, and leave loops. At a perpetual it may trade, and give margin in the same market or
    alone; whether that leads away from liquidation is for the limits to measure. And nothing else.
    """
    actions = tuple(actions)
    repaid = {a.token for a in actions if isinstance(a, Repay) and a.on_behalf_of == account}
    repaid |= {a.debt for a in actions if isinstance(a, LeaveLoop)}
    secures = any(_secures(action, account) for action in actions)
    return (bool(repaid) or secures) and all(_serves(a, account, repaid) for a in actions)


def _secures(action: Action, account: Address) -> bool:
    """Whether an action can lead a position at a perpetual away from its liquidation."""
    match action:
        case Supply():
            is_margin = action.market.partition(":")[0] == Perpetual.protocol
            return is_margin and action.on_behalf_of == account
        case _:
            return isinstance(action, OpenPosition | ClosePosition)


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
        case LeaveLoop():
            return action.actor == account
        case _:
            return isinstance(action, Approve) or _secures(action, account)


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
