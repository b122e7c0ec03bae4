"""What a plan must leave behind: its bounds, and whether states keep them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    ALL,
    Action,
    AddLiquidity,
    Borrow,
    Collect,
    LeaveLoop,
    Liquidity,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
    Withdraw,
)
from trimtab.core.bounds import Bounds, Broken, LeastBalance, LeastHealth
from trimtab.core.errors import Infeasible, PriceDisagreement
from trimtab.core.quantise import Rounding, Timestamp, Wad, quantise
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.aave_v36 import LendingPool36
from trimtab.protocols.perpetual import Perpetual
from trimtab.protocols.shared.tokens import balances
from trimtab.risk import health_factor, is_lender, supplied
from trimtab.routing.margins import least_margin

WAD: Final = Wad(10**18)
"""One, as a health factor: where liquidation begins."""


def least_balances(
    states: States, account: Address, actions: Iterable[Action]
) -> tuple[LeastBalance, ...]:
    """The least that a plan leaves in the wallet of each token that it moves, in order.

    For each token, in base units:

        least = wallet + withdrawn + bought + borrowed - sold - supplied - sent - repaid

    `wallet` is what lies in the account before the plan and `bought` the swaps' `min_out`, the
    worst fill that they accept; liquidity is put in and taken out by its own bounds, and what is
    collected of a range counts as nothing, since nobody can make it worth less (see
    `releases`); the rest are the actions' own amounts, of which no contract
    takes more, and to withdraw ALL counts as `withdrawn` says. Hence neither a landing earlier or
    later than modelled nor tokens that strangers send can break the bound, while a base unit
    that is taken away, or missing from the worst fill, does.

    A token has no bound where that comes to nothing, or where a debt is repaid whole: what that
    takes is known only when it lands.
    """
    least: dict[Token, int] = {}
    open_ended: set[Token] = set()
    actions = tuple(actions)
    for position, action in enumerate(actions):
        for token, change in _changes(states, account, action, actions[:position]):
            if change is None:
                open_ended.add(token)
                continue
            if token not in least:
                least[token] = balances(states, token).balance(account)
            least[token] += change
    return tuple(
        LeastBalance(token, account, raw)
        for token, raw in sorted(least.items(), key=lambda item: item[0].address)
        if raw > 0 and token not in open_ended
    )


def withdrawn(states: States, action: Withdraw, before: Iterable[Action] = ()) -> int:
    """Base units that a withdrawal brings at least, whenever it lands.

    Of ALL it is what the supply was worth at the block that the states were read at, whatever
    moment they were moved on to, less what the plan withdraws, or leaves a loop with, `before`,
    each with a unit of rounding: a supply only grows, so that any later moment brings that or
    more. Of a perpetual it is what `least_margin` says. The states are those before the plan.
    """
    if action.amount is not ALL:
        return action.amount
    lender, before = states.market(action.market), tuple(before)
    assert is_lender(lender), f"{lender.name} lends nothing"
    if isinstance(lender, Perpetual):
        return least_margin(states, lender, action.actor, before)
    taken = [
        earlier.amount + 1
        for earlier in before
        if isinstance(earlier, Withdraw) and earlier.amount is not ALL
        if (earlier.market, earlier.token) == (action.market, action.token)
    ]
    taken += [
        earlier.most + 1
        for earlier in before
        if isinstance(earlier, LeaveLoop)
        if (earlier.pool, earlier.collateral) == (action.market, action.token)
    ]
    there = supplied(states, lender, action.actor, action.token, states.timestamp)
    return max(there - sum(taken), 0)


def least_healths(
    before: States,
    after: States,
    account: Address,
    least: Wad,
    slack: Fraction = Fraction(0),
) -> tuple[LeastHealth, ...]:
    """The least health factor that a plan leaves at each of Aave's pools where the account owes.

    It is `least`, or what it was before the plan if that was lower already: a plan may leave a
    position no nearer to liquidation than the greater of its limit and where it was (INV-8).
    On the chain it may be less by the share `slack`, which a repair leaves for the price: to
    revert because the debt came nearer to its liquidation meanwhile would be to let it come.
    Where nothing is owed after the plan there is nothing to bound; other lenders do not tell a
    health factor, so that on the chain their own limit alone holds. Raises Infeasible for a plan
    that would leave less by the model, and PriceDisagreement where the pool cannot value what
    the account has.
    """
    bounds: list[LeastHealth] = []
    for market in after.markets.values():
        if not is_lender(market):
            continue
        factor = health_factor(after, market, account)
        if factor is None:
            continue
        left, earlier = _wad(factor), health_factor(before, market, account)
        allowed = least if earlier is None else min(least, _wad(earlier))
        if left < allowed:
            raise Infeasible(
                f"the plan would leave a health factor of {left} / 10**18 at {market.name}, at "
                f"least {allowed} / 10**18 must be left: supply more, or owe less"
            )
        if isinstance(market, LendingPool | LendingPool36):
            bounds.append(LeastHealth(market.address, account, Wad(int(allowed * (1 - slack)))))
    return tuple(bounds)


def _wad(factor: Fraction) -> Wad:
    return Wad(quantise(factor, Fraction(1, WAD), Rounding.DOWN))


def broken(bounds: Bounds, states: States, at: Timestamp) -> Broken | None:
    """The first bound that states after a plan do not keep at a block's moment, by the models.

    It judges as contracts/PlanCheck.sol does there. Raises MissingRead where a bound asks for a
    token or an account that is not tracked.
    """
    return bounds.broken_by(at, _Modelled(states))


@dataclass(frozen=True, slots=True)
class _Modelled:
    """What tokens and lending pools answer in some states."""

    states: States

    def balance(self, token: Token, account: Address) -> int:
        """Base units of the token."""
        return balances(self.states, token).balance(account)

    def health_factor(self, pool: Address, account: Address) -> int | None:
        """The health factor; None where the pool itself reverts, or there is no such pool."""
        for market in self.states.markets.values():
            if is_lender(market) and market.address == pool:
                try:
                    found = health_factor(self.states, market, account)
                except PriceDisagreement:
                    return None
                return UINT256_MAX if found is None else _wad(found)
        return None


def _changes(
    states: States, account: Address, action: Action, before: tuple[Action, ...]
) -> tuple[tuple[Token, int | None], ...]:
    """What an action surely brings to the account's wallet or takes at most, token by token.

    None stands for an amount that is not known beforehand.
    """
    match action:
        case Withdraw():
            brings = withdrawn(states, action, before) if action.to == account else 0
            return ((action.token, brings),)
        case Swap():
            bought = action.min_out if action.recipient == account else 0
            return (action.token_in, -action.amount_in), (action.token_out, bought)
        case SwapExactOut():
            bought = action.amount_out if action.recipient == account and not action.limit else 0
            return (action.token_in, -action.max_in), (action.token_out, bought)
        case AddLiquidity() | RemoveLiquidity() | RemoveLiquidityOne() | Collect():
            return _pooled_changes(account, action)
        case Supply(token=token, amount=amount) | Transfer(token=token, amount=amount):
            return ((token, -amount),)
        case Borrow(token=token, amount=amount):
            return ((token, amount),)
        case Repay(token=token, amount=amount):
            return ((token, None if amount is ALL else -amount),)
        case _:
            return ()


def _pooled_changes(account: Address, action: Liquidity) -> tuple[tuple[Token, int | None], ...]:
    match action:
        case AddLiquidity():
            return tuple((t, -raw) for t, raw in zip(action.tokens, action.amounts, strict=True))
        case RemoveLiquidity(recipient=to, least=least) if to == account and not action.ticks:
            return tuple(zip(action.tokens, least, strict=True))
        case RemoveLiquidityOne(recipient=to) if to == account:
            return ((action.token, action.least),)
        case _:
            return ()
