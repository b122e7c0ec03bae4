"""What owners do to their ranges: add through the minter, remove and collect at the pool itself.

Source: contracts/RangeMinter.sol, UniswapV3Pool.sol.
"""

from trimtab.core.abi import UINT256_MAX, selector, word
from trimtab.core.actions import AddLiquidity, Collect, RemoveLiquidity
from trimtab.core.errors import NoRoute
from trimtab.core.states import Applied, Reverted, States, reverted
from trimtab.core.token import Address
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK
from trimtab.protocols.uniswap_v3.market import NOTHING, Pool
from trimtab.protocols.uniswap_v3.model import positions
from trimtab.protocols.uniswap_v3.model.walk import UINT128_MAX

TICK_BOUND = 2**23


def add_liquidity(states: States, pool: Pool, action: AddLiquidity) -> Applied | Reverted:
    """What the minter's `mint` does, in its order of checks.

    As much liquidity as both amounts suffice for; its bill is never above them, since the minter is
    given the roots of the very ticks.
    """
    minter, (lower, upper) = minter_of(pool), range_of(pool, action)
    state = states[pool]
    if not 0 <= action.least <= UINT128_MAX:
        return Reverted(b"")
    if state.timestamp > action.deadline:
        return _error("Late(uint256,uint256)", state.timestamp, action.deadline)
    found = positions.liquidity_by_token(state, rooted(lower, upper), action.amounts)
    if not found or max(found) > UINT128_MAX:
        return _error("Overflow()")
    liquidity = min(found)
    if liquidity < action.least:
        return _error("TooLittle(uint128,uint128)", liquidity, action.least)
    key = (action.actor, lower, upper)
    minted = positions.mint(state, key, liquidity, state.timestamp)
    if isinstance(minted, Reverted):
        return minted
    changed, *bill = minted
    paid = []
    for token, raw in zip(action.tokens, bill, strict=True):
        if raw:
            taken = tokens.take(states, token, action.actor, minter, pool.address, raw)
            if isinstance(taken, Reverted):
                return _error("PaymentFailed(address)", token.address)
            paid.append(taken)
    return Applied({pool.id: changed}, tuple(paid))


def remove_liquidity(states: States, pool: Pool, action: RemoveLiquidity) -> Applied | Reverted:
    """What the pool's `burn` does: all that comes out is owed, and no deadline is looked at."""
    lower, upper = range_of(pool, action)
    state = states[pool]
    changed = positions.burn(state, (action.actor, lower, upper), action.shares, state.timestamp)
    return changed if isinstance(changed, Reverted) else Applied({pool.id: changed})


def collect(states: States, pool: Pool, action: Collect) -> Applied | Reverted:
    """What the pool's `collect` does: it pays what is owed as of the position's last change."""
    lower, upper = range_of(pool, action)
    state, key = states[pool], (action.actor, lower, upper)
    if state.sqrt_price_x96 == 0:
        return reverted("LOK")
    known = state.positions.get(key, NOTHING)
    most0, most1 = action.most
    amounts = min(most0, known.owed0), min(most1, known.owed1)
    paid = []
    for token, raw in zip(action.tokens, amounts, strict=True):
        if raw:
            sent = tokens.send(states, token, pool.address, action.recipient, raw)
            if isinstance(sent, Reverted):
                return reverted("TF")
            paid.append(sent)
    return Applied({pool.id: positions.collected(state, key, amounts)}, tuple(paid))


# ---------------------------------------------------------------------------------- arguments


def minter_of(pool: Pool) -> Address:
    """Who mints for owners. Raises NoRoute where the chain has no such contract."""
    if pool.minter is None:
        raise NoRoute(
            f"{pool.name} takes no liquidity: the address book names no `minter`; deploy "
            "RangeMinter for its factory and name it there"
        )
    return pool.minter


def range_of(pool: Pool, action: AddLiquidity | RemoveLiquidity | Collect) -> tuple[int, int]:
    """The ticks of an action.

    Raises NoRoute, in words, for what the contracts cannot check, and for what does not fit their
    words: the pool does not refuse such a number, it takes its low bits for it.
    """
    if action.tokens != (pool.token0, pool.token1):
        raise NoRoute(f"{pool.name} holds {pool.token0} and {pool.token1}, not {action.tokens}")
    if len(action.ticks) != 2 or not all(-TICK_BOUND <= at < TICK_BOUND for at in action.ticks):
        raise NoRoute(f"{pool.name} has no range {action.ticks}: expected a lower and upper tick")
    match action:
        case AddLiquidity():
            _check_fit(pool, "amounts", action.amounts, UINT256_MAX)
            if action.least_amounts:
                raise NoRoute(f"{pool.name} knows no least amounts: bound it by `least` liquidity")
        case RemoveLiquidity():
            _check_fit(pool, "shares", (action.shares,), UINT128_MAX)
            if action.least:
                raise NoRoute(f"{pool.name} pays what it owes later: it knows no `least` amounts")
        case Collect():
            _check_fit(pool, "most", action.most, UINT128_MAX)
    lower, upper = action.ticks
    return lower, upper


def _check_fit(pool: Pool, what: str, numbers: tuple[int, ...], bound: int) -> None:
    expected = 1 if what == "shares" else 2
    if len(numbers) != expected or not all(0 <= number <= bound for number in numbers):
        raise NoRoute(
            f"{pool.name} cannot be given {what} {numbers}: expected {expected} of 0 to {bound}"
        )


def rooted(lower: int, upper: int) -> tuple[int, int]:
    """The range whose roots the minter is given: in order, and where there are prices."""
    first, last = sorted(min(max(tick, MIN_TICK), MAX_TICK) for tick in (lower, upper))
    return first, last


def _error(signature: str, *values: int | str) -> Reverted:
    """A custom error of the minter, whose values are all single words."""
    return Reverted(selector(signature) + b"".join(map(word, values)))
