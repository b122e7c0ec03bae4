"""Swaps as calls of the router; liquidity as calls of the minter and of the pool itself."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import AddLiquidity, Collect, RemoveLiquidity, Swap, SwapExactOut
from trimtab.protocols.shared.ticks import sqrt_price_at_tick
from trimtab.protocols.uniswap_v3.market import Pool
from trimtab.protocols.uniswap_v3.model.ranges import minter_of, range_of, rooted

_ORDER = "((address,address,uint24,address,uint256,uint256,uint256,uint160))"


def exact_input_single(pool: Pool, action: Swap) -> Call:
    """The call of `exactInputSingle`."""
    return _single(pool, "exactInputSingle", action, action.amount_in, action.min_out)


def exact_output_single(pool: Pool, action: SwapExactOut) -> Call:
    """The call of `exactOutputSingle`."""
    return _single(pool, "exactOutputSingle", action, action.amount_out, action.max_in)


def _single(pool: Pool, name: str, action: Swap | SwapExactOut, amount: int, bound: int) -> Call:
    """A call whose one argument is a static tuple, so that its words stand in line."""
    data = call_data(
        name + _ORDER,
        action.token_in.address,
        action.token_out.address,
        pool.fee,
        action.recipient,
        action.deadline,
        amount,
        bound,
        action.limit,
    )
    return Call(pool.router, data)


_MINT = "mint((address,address,uint24,int24,int24,uint160,uint160),uint256,uint256,uint128,uint256)"


def mint(pool: Pool, action: AddLiquidity) -> Call:
    """The minter's `mint`, of a range whose ticks are given with their roots."""
    lower, upper = range_of(pool, action)
    data = call_data(
        _MINT,
        pool.token0.address,
        pool.token1.address,
        pool.fee,
        lower,
        upper,
        *map(sqrt_price_at_tick, rooted(lower, upper)),
        *action.amounts,
        action.least,
        action.deadline,
    )
    return Call(minter_of(pool), data)


def burn(pool: Pool, action: RemoveLiquidity) -> Call:
    """The pool's own `burn`."""
    ticks = range_of(pool, action)
    return Call(pool.address, call_data("burn(int24,int24,uint128)", *ticks, action.shares))


def collect(pool: Pool, action: Collect) -> Call:
    """The pool's own `collect`."""
    ticks = range_of(pool, action)
    signature = "collect(address,int24,int24,uint128,uint128)"
    return Call(pool.address, call_data(signature, action.recipient, *ticks, *action.most))
