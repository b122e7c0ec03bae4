"""Drawn actions in weighted pools: sums on and around every bound, empty pools included."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from tests.laws.curve import minima, raws
from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.market import token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.balancer import WeightedPool, WeightedState
from trimtab.protocols.balancer.model import pool as of_pool
from trimtab.protocols.balancer.model import vault
from trimtab.protocols.erc20 import Erc20State

T = TypeVar("T")
FOREVER = Timestamp(2**40)
STRANGER = Address("0x" + "5" * 40)
KINDS = (
    *(*("sale",) * 5, *("purchase",) * 4, *("add",) * 6),
    *(*("remove",) * 3, *("one",) * 4, "shares", "donation"),
)


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """A swap, liquidity in or out, shares that move, or a gift to the vault.

    Mostly one that can go through: by an actor who lets the vault take tokens, or has shares.
    """
    pools = [market for market in states.markets.values() if isinstance(market, WeightedPool)]
    pool, actor = draw(st.sampled_from(pools)), draw(st.sampled_from(owners))
    kind = draw(st.sampled_from(KINDS))
    if not states[pool].shares.supply and draw(st.integers(0, 8)) != 4:
        kind = "add"
    holders = [owner for owner in owners if states[pool].shares.balance(owner)]
    if kind in ("remove", "one", "shares") and draw(st.integers(0, 8)) != 4:
        actor = draw(st.sampled_from(holders or owners))
        kind = kind if holders else "add"
    match kind:
        case "sale":
            return _sale(draw, states, pool, actor, owners)
        case "purchase":
            return _purchase(draw, states, pool, actor, owners)
        case "add":
            return _add(draw, states, pool, actor)
        case "remove":
            return _remove(draw, states, pool, actor, owners)
        case "one":
            return _remove_one(draw, states, pool, actor, owners)
        case "shares":
            return _shares(draw, states, pool, actor, owners)
        case _:
            token = draw(st.sampled_from(pool.tokens))
            raw = raws(draw, _wallet(states, token).balance(actor) // 100)
            return Transfer(actor, token_market(token), token, pool.vault, raw)


PORT = Port(
    "balancer",
    actions,
    (
        *("Swap", "SwapExactOut", "AddLiquidity", "RemoveLiquidity", "RemoveLiquidityOne"),
        *("Transfer", "Approve"),
    ),
    protocols=("balancer", "erc20"),
)


# -------------------------------------------------------------------------------------- swaps


def _sale(
    draw: Draw, states: States, pool: WeightedPool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    sold, bought = draw(st.permutations(pool.tokens))[:2]
    if approval := _approval(draw, states, pool, actor, (sold,)):
        return approval
    state, (i, j) = states[pool], (pool.index(sold), pool.index(bought))
    most = state.balances[i] * 3 * 10**17 // (10**18 - state.swap_fee)
    wallet = _wallet(states, sold).balance(actor)
    raw = raws(draw, wallet, wallet // 1000, min(most, wallet), most)
    out = _or_zero(lambda: of_pool.exchange_given_in(state, i, j, raw).amount_out)
    return Swap(
        actor=actor,
        market=pool.id,
        token_in=sold,
        token_out=bought,
        amount_in=raw,
        min_out=minima(draw, out),
        deadline=draw(deadlines(states.timestamp)),
        recipient=draw(recipients(pool, actor, owners)),
    )


def _purchase(
    draw: Draw, states: States, pool: WeightedPool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    sold, bought = draw(st.permutations(pool.tokens))[:2]
    if approval := _approval(draw, states, pool, actor, (sold,)):
        return approval
    state, (i, j) = states[pool], (pool.index(sold), pool.index(bought))
    most = state.balances[j] * 3 // 10
    raw = raws(draw, most, most // 100, state.balances[j])
    paid = _or_zero(lambda: of_pool.exchange_given_out(state, i, j, raw).amount_in)
    return SwapExactOut(
        actor=actor,
        market=pool.id,
        token_in=sold,
        token_out=bought,
        amount_out=raw,
        max_in=draw(st.sampled_from([*[UINT256_MAX] * 6, paid, paid, max(0, paid - 1), 0])),
        deadline=draw(deadlines(states.timestamp)),
        recipient=draw(recipients(pool, actor, owners)),
    )


# -------------------------------------------------------------------------------- liquidity


def _add(draw: Draw, states: States, pool: WeightedPool, actor: Address) -> Action:
    if approval := _approval(draw, states, pool, actor, pool.tokens):
        return approval
    state = states[pool]
    is_balanced = draw(st.booleans())
    given = draw(_balanced(state)) if is_balanced else _lopsided(draw, states, pool, actor)
    is_first = state.shares.supply == 0
    made = 0 if is_first else _or_zero(lambda: _shares_for(state, given))
    return AddLiquidity(
        actor=actor,
        market=pool.id,
        tokens=pool.tokens,
        amounts=given,
        least=0 if is_first else minima(draw, made),
        deadline=FOREVER,
    )


def _remove(
    draw: Draw, states: States, pool: WeightedPool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    state = states[pool]
    burnt = _burnt(draw, state, actor)
    given = _or_none(lambda: vault.redeemed(state, burnt).amounts) or (0,) * len(pool.tokens)
    least = tuple(minima(draw, raw) if draw(st.integers(0, 4)) == 2 else 0 for raw in given)
    recipient = draw(recipients(pool, actor, owners))
    return RemoveLiquidity(actor, pool.id, pool.tokens, burnt, least, FOREVER, recipient)


def _remove_one(
    draw: Draw, states: States, pool: WeightedPool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    state, token = states[pool], draw(st.sampled_from(pool.tokens))
    burnt, index = _burnt(draw, state, actor), pool.index(token)
    given = _or_zero(lambda: vault.redeemed_one(state, burnt, index).amounts[index])
    return RemoveLiquidityOne(
        actor=actor,
        market=pool.id,
        tokens=pool.tokens,
        token=token,
        shares=burnt,
        least=minima(draw, given),
        deadline=FOREVER,
        recipient=draw(recipients(pool, actor, owners)),
    )


def _shares(
    draw: Draw, states: States, pool: WeightedPool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    raw = raws(draw, states[pool].shares.balance(actor))
    if draw(st.integers(0, 3)) == 2:
        others = sorted({spender for _, spender in states[pool].shares.allowances})
        spender = draw(st.sampled_from((*pool.spenders, *others, STRANGER, ZERO_ADDRESS)))
        return Approve(actor, pool.id, pool.share, spender, raw)
    to = draw(st.sampled_from((*owners, *owners, STRANGER, ZERO_ADDRESS, pool.address)))
    return Transfer(actor, pool.id, pool.share, to, raw)


def _approval(
    draw: Draw, states: States, pool: WeightedPool, actor: Address, tokens: tuple[Token, ...]
) -> Action | None:
    """Mostly an approval where there is none, of everything or of about what the actor has."""
    lacking = [each for each in tokens if not _wallet(states, each).allowance(actor, pool.vault)]
    if not lacking or draw(st.integers(0, 11)) == 6:
        return None
    token = lacking[0]
    balance = _wallet(states, token).balance(actor)
    raw = draw(st.sampled_from((*(UINT256_MAX,) * 9, balance // 2 + 1)))
    return Approve(actor, token_market(token), token, pool.vault, raw)


# ------------------------------------------------------------------------------------ amounts


def deadlines(moment: Timestamp) -> st.SearchStrategy[Timestamp]:
    """Mostly never; else this moment, and one second around it."""
    near = [moment, Timestamp(moment + 1), Timestamp(moment - 1)]
    return st.sampled_from([*[FOREVER] * 20, *near])


def recipients(
    pool: WeightedPool, actor: Address, owners: tuple[Address, ...]
) -> st.SearchStrategy[Address]:
    """Mostly the actor or another owner."""
    odd = (STRANGER, ZERO_ADDRESS, pool.address, pool.vault)
    return st.sampled_from((*(actor,) * 8, *owners, *odd))


def _balanced(state: WeightedState) -> st.SearchStrategy[tuple[int, ...]]:
    """About a part of what is in the pool, of every token."""
    units = [token.unit for token in state.pool.tokens]
    there = [raw or unit for raw, unit in zip(state.balances, units, strict=True)]
    part = st.integers(1, 2000)
    return part.map(lambda of: tuple(max(1, balance * of // 1000) for balance in there))


def _lopsided(draw: Draw, states: States, pool: WeightedPool, actor: Address) -> tuple[int, ...]:
    """A drawn sum of each token, and often nothing."""
    wallets = [_wallet(states, token).balance(actor) for token in pool.tokens]
    return tuple(
        raws(draw, wallet // 4, wallet) if draw(st.booleans()) else 0 for wallet in wallets
    )


def _burnt(draw: Draw, state: WeightedState, actor: Address) -> int:
    """A part of the actor's shares, or about what the pool lets go at once, or all there are."""
    owned, supply = state.shares.balance(actor), state.shares.supply
    return raws(draw, *(owned,) * 6, supply * 3 // 10, supply)


def _shares_for(state: WeightedState, given: tuple[int, ...]) -> int:
    by = of_pool.terms(state, state.shares.supply)
    return of_pool.exact_tokens_in(state, by, given)[0]


def _or_zero(ask: Callable[[], int]) -> int:
    return _or_none(ask) or 0


def _or_none(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except ArithmeticError:
        return None


def _wallet(states: States, token: Token) -> Erc20State:
    state = states.state(token_market(token))
    assert isinstance(state, Erc20State)
    return state
