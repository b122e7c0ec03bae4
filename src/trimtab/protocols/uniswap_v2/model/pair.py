"""The pair's own verbs: mint, burn, swap, and what each updates. Source: UniswapV2Pair.sol.

`lying` are the pair's balances of its tokens at the moment when the contract looks at them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isqrt

from trimtab.core.abi import UINT256_MAX
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.uniswap_v2.market import UINT112_MAX, Pair, PairState
from trimtab.protocols.uniswap_v2.model.checked import div_down, mul, refuse, sub

MINIMUM_LIQUIDITY = 1000
_Q112 = 1 << 112
_UINT32_MASK = 2**32 - 1

# ------------------------------------------------------------------------------------ shares


def moved(state: PairState, pair: Address, source: Address, target: Address, raw: int) -> PairState:
    """The state after shares moved.

    Nobody owns the zero address, so what comes from it is minted. What goes to it is burnt where
    the pair sends it; of any other sender it is a plain transfer, and stays in the supply.
    """
    supply = state.shares.supply
    if source == ZERO_ADDRESS:
        supply += raw
    elif target == ZERO_ADDRESS and source == pair:
        supply -= raw
    held = state.held + raw * ((target == pair) - (source == pair))
    shares = replace(state.shares.moved(source, target, raw), supply=supply)
    return replace(state, shares=shares, held=held)


def spent(state: PairState, owner: Address, spender: Address, raw: int) -> PairState:
    """The state after `spender` used an allowance; one without bound stays as it is."""
    allowed = state.shares.allowance(owner, spender)
    if allowed == UINT256_MAX:
        return state
    return replace(state, shares=state.shares.allowed(owner, spender, sub(allowed, raw)))


def fee_minted(state: PairState, pair: Address) -> PairState:
    """The state after a sixth of the growth of the root of k went to `fee_to` as shares.

    Source: `_mintFee`; whitepaper, section 2.4.
    """
    liquidity = protocol_shares(state)
    return moved(state, pair, ZERO_ADDRESS, state.fee_to, liquidity) if liquidity else state


def protocol_shares(state: PairState) -> int:
    """What the next change of liquidity mints to `fee_to`.

    No product overflows: the supply is never above the root of k, and that never above 2**112.
    """
    if state.fee_to == ZERO_ADDRESS or state.k_last == 0:
        return 0
    root, root_last = isqrt(state.reserve0 * state.reserve1), isqrt(state.k_last)
    if root <= root_last:
        return 0
    return state.shares.supply * (root - root_last) // (5 * root + root_last)


# ----------------------------------------------------------------------------------- reserves


def updated(state: PairState, lying: tuple[int, int]) -> PairState:
    """The state with the reserves at what lies there, and the oracle moved on. Source: `_update`.

    Within one second only the reserves move.
    """
    if max(lying) > UINT112_MAX:
        raise refuse("UniswapV2: OVERFLOW")
    return synced(state, *lying, state.timestamp)


def synced(state: PairState, reserve0: int, reserve1: int, at: int) -> PairState:
    """The state with these reserves, and the oracle moved on by the old ones to a moment."""
    now = at & _UINT32_MASK
    elapsed = now - state.updated_at & _UINT32_MASK
    price0, price1 = state.price0_cumulative, state.price1_cumulative
    if elapsed and state.reserve0 and state.reserve1:
        price0 += state.reserve1 * _Q112 // state.reserve0 * elapsed
        price1 += state.reserve0 * _Q112 // state.reserve1 * elapsed
    return replace(
        state,
        reserve0=reserve0,
        reserve1=reserve1,
        updated_at=now,
        price0_cumulative=price0 & UINT256_MAX,
        price1_cumulative=price1 & UINT256_MAX,
    )


def with_k_last(state: PairState) -> PairState:
    """The state after a change of liquidity: k is kept while the protocol takes a part."""
    is_on = state.fee_to != ZERO_ADDRESS
    return replace(state, k_last=state.reserve0 * state.reserve1 if is_on else 0)


# -------------------------------------------------------------------------------------- verbs


def minted(state: PairState, pair: Pair, to: Address, lying: tuple[int, int]) -> PairState:
    """The state after `mint`, which gives shares for what lies above the reserves."""
    amount0, amount1 = sub(lying[0], state.reserve0), sub(lying[1], state.reserve1)
    state = fee_minted(state, pair.address)
    supply = state.shares.supply
    if supply == 0:
        liquidity = sub(isqrt(mul(amount0, amount1)), MINIMUM_LIQUIDITY)
        state = moved(state, pair.address, ZERO_ADDRESS, ZERO_ADDRESS, MINIMUM_LIQUIDITY)
    else:
        liquidity = min(
            div_down(mul(amount0, supply), state.reserve0),
            div_down(mul(amount1, supply), state.reserve1),
        )
    if liquidity == 0:
        raise refuse("UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED")
    state = moved(state, pair.address, ZERO_ADDRESS, to, liquidity)
    return with_k_last(updated(state, lying))


@dataclass(frozen=True, slots=True)
class Burnt:
    """What `burn` gives, and the state before the reserves are updated."""

    state: PairState
    amounts: tuple[int, int]


def burnt(state: PairState, pair: Pair, lying: tuple[int, int]) -> Burnt:
    """What `burn` gives for all shares that lie in the pair, by what lies there of both tokens."""
    liquidity = state.held
    state = fee_minted(state, pair.address)
    amount0, amount1 = (div_down(mul(liquidity, each), state.shares.supply) for each in lying)
    if amount0 == 0 or amount1 == 0:
        raise refuse("UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED")
    state = moved(state, pair.address, pair.address, ZERO_ADDRESS, liquidity)
    return Burnt(state, (amount0, amount1))


def swapped(
    state: PairState, pair: Pair, out: tuple[int, int], lying: tuple[int, int]
) -> PairState:
    """The state after `swap`, whose output has left and whose payment has come.

    Assumes a payment by the router, which never breaks the constant product: it rounds the
    output down, or the payment up, and what lies above the reserves only adds to the product.
    Its products of balances must fit nevertheless.
    """
    fee = pair.fee
    adjusted = [
        mul(balance, fee.parts) - mul(max(balance - (reserve - given), 0), fee.parts - kept)
        for balance, reserve, given, kept in (
            (lying[0], state.reserve0, out[0], fee.kept0),
            (lying[1], state.reserve1, out[1], fee.kept1),
        )
    ]
    mul(*adjusted)
    return updated(state, lying)
