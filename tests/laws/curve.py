"""Drawn actions in stable pools: sums on and around all that there is, empty pools included."""

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    Transfer,
)
from trimtab.core.market import token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.curve import StablePool, StableState
from trimtab.protocols.curve.model import amounts
from trimtab.protocols.erc20 import Erc20State

FOREVER = Timestamp(2**40)
STRANGER = Address("0x" + "5" * 40)
KINDS = (*("swap",) * 7, *("add",) * 5, *("remove",) * 3, *("one",) * 4, "shares", "donation")


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """An exchange, liquidity in or out, shares that move, or a gift to the pool.

    Mostly one that can go through: by an actor who lets the pool take its coins, or has shares.
    """
    pools = [market for market in states.markets.values() if isinstance(market, StablePool)]
    pool, actor = draw(st.sampled_from(pools)), draw(st.sampled_from(owners))
    kind = draw(st.sampled_from(KINDS))
    if not states[pool].shares.supply and draw(st.integers(0, 8)) != 4:
        kind = "add"
    holders = [owner for owner in owners if states[pool].shares.balance(owner)]
    if kind in ("remove", "one", "shares") and draw(st.integers(0, 8)) != 4:
        actor = draw(st.sampled_from(holders or owners))
        kind = kind if holders else "add"
    match kind:
        case "swap":
            return _swap(draw, states, pool, actor, owners)
        case "add":
            return _add(draw, states, pool, actor)
        case "remove":
            return _remove(draw, states, pool, actor, owners)
        case "one":
            return _remove_one(draw, states, pool, actor, owners)
        case "shares":
            return _shares(draw, states, pool, actor, owners)
        case _:
            coin = draw(st.sampled_from(pool.coins))
            raw = draw(raws(_wallet(states, coin).balance(actor) // 100))
            return Transfer(actor, token_market(coin), coin, pool.address, raw)


PORT = Port(
    "curve",
    actions,
    (
        *("Swap", "AddLiquidity", "RemoveLiquidity", "RemoveLiquidityOne"),
        *("Transfer", "Approve"),
    ),
    protocols=("curve", "erc20"),
)


# -------------------------------------------------------------------------------------- verbs


def _swap(
    draw: Draw, states: States, pool: StablePool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    sold, bought = draw(st.permutations(pool.coins))[:2]
    if approval := _approval(draw, states, pool, actor, (sold,)):
        return approval
    state, wallet = states[pool], _wallet(states, sold).balance(actor)
    i, j = pool.index(sold), pool.index(bought)
    raw = draw(raws(wallet, wallet // 1000, state.balances[i]))
    try:
        out = amounts.exchanged(state, state.timestamp, i, j, raw).amount_out
    except ArithmeticError:
        out = 0
    return Swap(
        actor=actor,
        market=pool.id,
        token_in=sold,
        token_out=bought,
        amount_in=raw,
        min_out=draw(minima(out)),
        deadline=FOREVER,
        recipient=draw(recipients(pool, actor, owners)),
    )


def _add(draw: Draw, states: States, pool: StablePool, actor: Address) -> Action:
    if approval := _approval(draw, states, pool, actor, pool.coins):
        return approval
    state = states[pool]
    given = draw(st.one_of(_balanced(state, pool), _lopsided(states, pool, actor)))
    try:
        before = amounts.invariant(state, state.balances, state.timestamp)
        minted = amounts.deposited(state, state.timestamp, given, before).minted
    except ArithmeticError:
        minted = 0
    return AddLiquidity(
        actor=actor,
        market=pool.id,
        tokens=pool.coins,
        amounts=given,
        least=draw(minima(minted)),
        deadline=FOREVER,
    )


def _remove(
    draw: Draw, states: States, pool: StablePool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    state = states[pool]
    burnt = draw(_burnt(state, actor))
    try:
        given = [amounts.share_of(state, burnt, index) for index in range(len(pool.coins))]
    except ArithmeticError:
        given = [0] * len(pool.coins)
    least = tuple(draw(minima(raw)) if draw(st.integers(0, 4)) == 2 else 0 for raw in given)
    recipient = draw(recipients(pool, actor, owners))
    return RemoveLiquidity(actor, pool.id, pool.coins, burnt, least, FOREVER, recipient)


def _remove_one(
    draw: Draw, states: States, pool: StablePool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    state, coin = states[pool], draw(st.sampled_from(pool.coins))
    burnt = draw(_burnt(state, actor))
    try:
        given = amounts.calc_withdraw_one_coin(state, state.timestamp, burnt, pool.index(coin))
    except ArithmeticError:
        given = 0
    return RemoveLiquidityOne(
        actor=actor,
        market=pool.id,
        tokens=pool.coins,
        token=coin,
        shares=burnt,
        least=draw(minima(given)),
        deadline=FOREVER,
        recipient=draw(recipients(pool, actor, owners)),
    )


def _shares(
    draw: Draw, states: States, pool: StablePool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    raw = draw(raws(states[pool].shares.balance(actor)))
    if draw(st.integers(0, 3)) == 2:
        spender = draw(st.sampled_from((*pool.spenders, STRANGER, ZERO_ADDRESS)))
        return Approve(actor, pool.id, pool.share, spender, raw)
    to = draw(st.sampled_from((*owners, *owners, STRANGER, ZERO_ADDRESS, pool.address)))
    return Transfer(actor, pool.id, pool.share, to, raw)


def _approval(
    draw: Draw, states: States, pool: StablePool, actor: Address, coins: tuple[Token, ...]
) -> Action | None:
    """Mostly an approval where there is none, of everything or of about what the actor has."""
    lacking = [coin for coin in coins if not _wallet(states, coin).allowance(actor, pool.address)]
    if not lacking or draw(st.integers(0, 11)) == 6:
        return None
    coin = lacking[0]
    balance = _wallet(states, coin).balance(actor)
    raw = draw(st.sampled_from((*(UINT256_MAX,) * 9, balance // 2 + 1)))
    return Approve(actor, token_market(coin), coin, pool.address, raw)


# ------------------------------------------------------------------------------------ amounts


def raws(*marks: int) -> st.SearchStrategy[int]:
    """Base units: a part of a mark, at it or one beside it, dust, or a bound."""
    there = [mark for mark in marks if mark > 0] or [10**6]
    mark = st.sampled_from(there)
    return st.one_of(
        st.builds(lambda raw, part: raw * part // 1000, mark, st.integers(1, 1000)),
        st.builds(lambda raw, part: raw * part // 10**6, mark, st.integers(1, 1000)),
        st.builds(lambda raw, off: max(0, raw + off), mark, st.integers(-1, 1)),
        st.integers(0, 10**4),
        st.integers(0, 4),
        st.sampled_from([0, 1, 2**127, 2**128, 2**255, UINT256_MAX]),
    )


def minima(out: int) -> st.SearchStrategy[int]:
    """The least that is to come out: none, or what comes out and one unit around it."""
    return st.sampled_from([0, 0, 0, 0, 0, 0, out, out, out + 1, max(0, out - 1), UINT256_MAX])


def recipients(
    pool: StablePool, actor: Address, owners: tuple[Address, ...]
) -> st.SearchStrategy[Address]:
    """Mostly the actor or another owner."""
    return st.sampled_from((*(actor,) * 8, *owners, STRANGER, ZERO_ADDRESS, pool.address))


def _balanced(state: StableState, pool: StablePool) -> st.SearchStrategy[tuple[int, ...]]:
    """About a part of what is in the pool, of every coin."""
    coins = zip(state.balances, pool.coins, strict=True)
    there = [balance or 10**6 * coin.unit for balance, coin in coins]
    part = st.integers(1, 2000)
    return part.map(lambda of: tuple(max(1, balance * of // 1000) for balance in there))


def _lopsided(
    states: States, pool: StablePool, actor: Address
) -> st.SearchStrategy[tuple[int, ...]]:
    """A drawn sum of each coin, and often nothing."""
    wallets = [_wallet(states, coin).balance(actor) for coin in pool.coins]
    return st.tuples(*(st.one_of(st.just(0), raws(wallet // 4, wallet)) for wallet in wallets))


def _burnt(state: StableState, actor: Address) -> st.SearchStrategy[int]:
    """A part of the actor's shares, or about all that there are of anybody's."""
    owned, supply = state.shares.balance(actor), state.shares.supply
    part = st.integers(1, 1000).map(lambda of: owned * of // 1000)
    return st.one_of(part, part, part, raws(owned), raws(owned), raws(supply))


def _wallet(states: States, token: Token) -> Erc20State:
    state = states.state(token_market(token))
    assert isinstance(state, Erc20State)
    return state
