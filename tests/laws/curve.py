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
    pool, actor = pools[draw(_PART) % len(pools)], owners[draw(_PART) % len(owners)]
    kind = draw(_KIND)
    if not states[pool].shares.supply and not _rarely(draw):
        kind = "add"
    holders = [owner for owner in owners if states[pool].shares.balance(owner)]
    if kind in ("remove", "one", "shares") and not _rarely(draw):
        able = holders or owners
        actor = able[draw(_PART) % len(able)]
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
            coin = pool.coins[draw(_PART) % len(pool.coins)]
            raw = raws(draw, _wallet(states, coin).balance(actor) // 100)
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
    i, j = draw(_ORDER[len(pool.coins)])[:2]
    sold, bought = pool.coins[i], pool.coins[j]
    if approval := _approval(draw, states, pool, actor, (sold,)):
        return approval
    state, wallet = states[pool], _wallet(states, sold).balance(actor)
    raw = raws(draw, wallet, wallet // 1000, state.balances[i])
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
        min_out=minima(draw, out),
        deadline=FOREVER,
        recipient=recipients(draw, pool, actor, owners),
    )


def _add(draw: Draw, states: States, pool: StablePool, actor: Address) -> Action:
    if approval := _approval(draw, states, pool, actor, pool.coins):
        return approval
    state = states[pool]
    given = (
        _balanced(draw, state, pool)
        if draw(st.booleans())
        else _lopsided(draw, states, pool, actor)
    )
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
        least=minima(draw, minted),
        deadline=FOREVER,
    )


def _remove(
    draw: Draw, states: States, pool: StablePool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    state = states[pool]
    burnt = _burnt(draw, state, actor)
    try:
        given = [amounts.share_of(state, burnt, index) for index in range(len(pool.coins))]
    except ArithmeticError:
        given = [0] * len(pool.coins)
    least = tuple(minima(draw, raw) if _rarely(draw) else 0 for raw in given)
    recipient = recipients(draw, pool, actor, owners)
    return RemoveLiquidity(actor, pool.id, pool.coins, burnt, least, FOREVER, recipient)


def _remove_one(
    draw: Draw, states: States, pool: StablePool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    state, coin = states[pool], pool.coins[draw(_PART) % len(pool.coins)]
    burnt = _burnt(draw, state, actor)
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
        least=minima(draw, given),
        deadline=FOREVER,
        recipient=recipients(draw, pool, actor, owners),
    )


def _shares(
    draw: Draw, states: States, pool: StablePool, actor: Address, owners: tuple[Address, ...]
) -> Action:
    raw = raws(draw, states[pool].shares.balance(actor))
    if draw(_BESIDE) == 0:
        spenders = (*pool.spenders, STRANGER, ZERO_ADDRESS)
        spender = spenders[draw(_PART) % len(spenders)]
        return Approve(actor, pool.id, pool.share, spender, raw)
    targets = (*owners, *owners, STRANGER, ZERO_ADDRESS, pool.address)
    to = targets[draw(_PART) % len(targets)]
    return Transfer(actor, pool.id, pool.share, to, raw)


def _approval(
    draw: Draw, states: States, pool: StablePool, actor: Address, coins: tuple[Token, ...]
) -> Action | None:
    """Mostly an approval where there is none, of everything or of about what the actor has."""
    lacking = [coin for coin in coins if not _wallet(states, coin).allowance(actor, pool.address)]
    if not lacking or _rarely(draw):
        return None
    coin = lacking[0]
    balance = _wallet(states, coin).balance(actor)
    raw = balance // 2 + 1 if _rarely(draw) else UINT256_MAX
    return Approve(actor, token_market(coin), coin, pool.address, raw)


# ------------------------------------------------------------------------------------ amounts
# Strategies are made once: to make one takes longer than to draw from it.

_KIND = st.sampled_from(KINDS)
_TWELFTH = st.integers(0, 11)
_PART, _SMALL_PART = st.integers(1, 1000), st.integers(1, 2000)
_BESIDE = st.integers(-1, 1)
_DUST = st.one_of(st.integers(0, 4), st.integers(0, 10**4))
_BOUND = st.sampled_from([0, 1, 2**127, 2**128, 2**255, UINT256_MAX])
_ORDER = {count: st.permutations(range(count)) for count in range(2, 9)}


def _rarely(draw: Draw) -> bool:
    """True one time in twelve; Hypothesis favours the ends of a range."""
    return bool(draw(_TWELFTH) == 6)


def raws(draw: Draw, *marks: int) -> int:
    """Base units: a part of a mark, at it or one beside it, dust, or a bound."""
    there = [mark for mark in marks if mark > 0] or [10**6]
    mark: int = there[draw(_PART) % len(there)]
    match draw(_TWELFTH):
        case 0 | 1 | 2 | 3:
            return mark * int(draw(_PART)) // 1000
        case 4 | 5:
            return mark * int(draw(_PART)) // 10**6
        case 6 | 7 | 8:
            return max(0, mark + int(draw(_BESIDE)))
        case 9 | 10:
            return int(draw(_DUST))
        case _:
            return int(draw(_BOUND))


def minima(draw: Draw, out: int) -> int:
    """The least that is to come out: none, or what comes out and one unit around it."""
    match draw(_TWELFTH):
        case 0 | 1:
            return out
        case 2:
            return out + 1
        case 3:
            return max(0, out - 1)
        case 4:
            return UINT256_MAX
        case _:
            return 0


def recipients(
    draw: Draw, pool: StablePool, actor: Address, owners: tuple[Address, ...]
) -> Address:
    """Mostly the actor or another owner."""
    others = (*owners, STRANGER, ZERO_ADDRESS, pool.address)
    at = int(draw(_TWELFTH)) - 12 + len(others)
    return others[at] if at >= 0 else actor


def _balanced(draw: Draw, state: StableState, pool: StablePool) -> tuple[int, ...]:
    """About a part of what is in the pool, of every coin."""
    of = int(draw(_SMALL_PART))
    coins = zip(state.balances, pool.coins, strict=True)
    return tuple(max(1, (balance or 10**6 * coin.unit) * of // 1000) for balance, coin in coins)


def _lopsided(draw: Draw, states: States, pool: StablePool, actor: Address) -> tuple[int, ...]:
    """A drawn sum of each coin, and often nothing."""
    wallets = [_wallet(states, coin).balance(actor) for coin in pool.coins]
    return tuple(raws(draw, wallet // 8, wallet // 4) if draw(_BESIDE) else 0 for wallet in wallets)


def _burnt(draw: Draw, state: StableState, actor: Address) -> int:
    """A part of the actor's shares, or about all that there are of anybody's."""
    owned = state.shares.balance(actor)
    return raws(draw, state.shares.supply) if _rarely(draw) else raws(draw, owned)


def _wallet(states: States, token: Token) -> Erc20State:
    state = states.state(token_market(token))
    assert isinstance(state, Erc20State)
    return state
