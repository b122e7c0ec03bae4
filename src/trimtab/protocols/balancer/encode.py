"""Actions as calls of the vault, and of a pool as its own share token."""

from eth_abi.abi import encode

from trimtab.core.abi import Call, call_data, selector
from trimtab.core.actions import (
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.token import Address
from trimtab.protocols.balancer.market import WeightedPool
from trimtab.protocols.balancer.model import routes

_SINGLE_SWAP = "(bytes32,uint8,address,address,uint256,bytes)"
_FUNDS = "(address,bool,address,bool)"
_REQUEST = "(address[],uint256[],bytes,bool)"
_GIVEN_IN, _GIVEN_OUT = 0, 1
_INIT, _EXACT_TOKENS_IN = 0, 1
_ONE_TOKEN_OUT, _ALL_TOKENS_OUT = 0, 1
_FROM_BALANCE = False
"""Tokens come from the account's own balance, not from one inside the vault, and go there."""


def swap(pool: WeightedPool, action: Swap) -> Call:
    """The call of `swap` of an exact amount in."""
    return _swap(pool, action, _GIVEN_IN, action.amount_in, action.min_out)


def swap_exact_out(pool: WeightedPool, action: SwapExactOut) -> Call:
    """The call of `swap` of an exact amount out."""
    return _swap(pool, action, _GIVEN_OUT, action.amount_out, action.max_in)


def _swap(
    pool: WeightedPool, action: Swap | SwapExactOut, kind: int, amount: int, limit: int
) -> Call:
    routes.of_swap(pool, action)
    pair = action.token_in.address, action.token_out.address
    single = (pool.pool_id, kind, *pair, amount, b"")
    funds = (action.actor, _FROM_BALANCE, action.recipient, _FROM_BALANCE)
    types = (_SINGLE_SWAP, _FUNDS, "uint256", "uint256")
    data = encode(types, (single, funds, limit, action.deadline))
    return Call(pool.vault, selector(f"swap({','.join(types)})") + data)


def join(pool: WeightedPool, action: AddLiquidity, is_first: bool) -> Call:
    """The call of `joinPool`; `is_first` is whether the pool is still empty."""
    routes.check_join(pool, action, is_first)
    amounts = action.amounts
    if is_first:
        data = encode(("uint256", "uint256[]"), (_INIT, amounts))
    else:
        kinds = ("uint256", "uint256[]", "uint256")
        data = encode(kinds, (_EXACT_TOKENS_IN, amounts, action.least))
    return _change(pool, "joinPool", action.actor, action.actor, amounts, data)


def exit_all(pool: WeightedPool, action: RemoveLiquidity) -> Call:
    """The call of `exitPool` for all tokens."""
    routes.check_exit(pool, action)
    data = encode(("uint256", "uint256"), (_ALL_TOKENS_OUT, action.shares))
    return _change(pool, "exitPool", action.actor, action.recipient, action.least, data)


def exit_one(pool: WeightedPool, action: RemoveLiquidityOne) -> Call:
    """The call of `exitPool` for one token alone."""
    index = routes.of_exit_one(pool, action)
    data = encode(("uint256", "uint256", "uint256"), (_ONE_TOKEN_OUT, action.shares, index))
    least = routes.least_of_one(pool, index, action.least)
    return _change(pool, "exitPool", action.actor, action.recipient, least, data)


def _change(
    pool: WeightedPool,
    function: str,
    sender: Address,
    recipient: Address,
    limits: tuple[int, ...],
    data: bytes,
) -> Call:
    assets = [token.address for token in pool.tokens]
    types = ("bytes32", "address", "address", _REQUEST)
    request = (assets, limits, data, _FROM_BALANCE)
    encoded = encode(types, (pool.pool_id, sender, recipient, request))
    return Call(pool.vault, selector(f"{function}({','.join(types)})") + encoded)


def transfer(pool: WeightedPool, action: Transfer) -> Call:
    """The call of `transfer` of shares."""
    routes.check_share(pool, action)
    return Call(pool.address, call_data("transfer(address,uint256)", action.to, action.amount))


def approve(pool: WeightedPool, action: Approve) -> Call:
    """The call of `approve` of shares."""
    routes.check_share(pool, action)
    data = call_data("approve(address,uint256)", action.spender, action.amount)
    return Call(pool.address, data)
