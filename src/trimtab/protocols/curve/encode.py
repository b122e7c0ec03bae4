"""Actions as calls of the pool."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import (
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    Transfer,
)
from trimtab.protocols.curve.market import StablePool


def exchange(pool: StablePool, action: Swap) -> Call:
    """The call of `exchange`."""
    data = call_data(
        "exchange(int128,int128,uint256,uint256,address)",
        pool.index(action.token_in),
        pool.index(action.token_out),
        action.amount_in,
        action.min_out,
        action.recipient,
    )
    return Call(pool.address, data)


def add_liquidity(pool: StablePool, action: AddLiquidity) -> Call:
    """The call of `add_liquidity`; arrays of fixed length stand in line."""
    signature = f"add_liquidity(uint256[{len(pool.coins)}],uint256)"
    return Call(pool.address, call_data(signature, *action.amounts, action.least))


def remove_liquidity(pool: StablePool, action: RemoveLiquidity) -> Call:
    """The call of `remove_liquidity`."""
    signature = f"remove_liquidity(uint256,uint256[{len(pool.coins)}],address)"
    data = call_data(signature, action.shares, *action.least, action.recipient)
    return Call(pool.address, data)


def remove_liquidity_one_coin(pool: StablePool, action: RemoveLiquidityOne) -> Call:
    """The call of `remove_liquidity_one_coin`."""
    data = call_data(
        "remove_liquidity_one_coin(uint256,int128,uint256,address)",
        action.shares,
        pool.index(action.token),
        action.least,
        action.recipient,
    )
    return Call(pool.address, data)


def transfer(pool: StablePool, action: Transfer) -> Call:
    """The call of `transfer` of shares."""
    data = call_data("transfer(address,uint256)", action.to, action.amount)
    return Call(pool.address, data)


def approve(pool: StablePool, action: Approve) -> Call:
    """The call of `approve` of shares."""
    data = call_data("approve(address,uint256)", action.spender, action.amount)
    return Call(pool.address, data)
