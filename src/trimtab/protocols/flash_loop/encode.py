"""Loops as calls of the contract."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import EnterLoop, Loop
from trimtab.protocols.flash_loop.market import FlashLoop
from trimtab.protocols.flash_loop.model.lenders import share_of
from trimtab.protocols.flash_loop.model.loops import Venues
from trimtab.protocols.uniswap_v3.model.swap import last_price

_KEY = "(address,address,address,address,address,uint24)"
_BOUNDS = "uint256,uint256,uint160,uint256"


def encoded(market: FlashLoop, at: Venues, action: Loop) -> Call:
    """The call of `enter` or `leave`; a key is static: its words stand in line.

    No limit is the last price there is.
    """
    is_entered = isinstance(action, EnterLoop)
    sold = action.debt if is_entered else action.collateral
    limit = action.limit or last_price(at.exchange.is_zero_for_one(sold))
    data = call_data(
        f"{'enter' if is_entered else 'leave'}({_KEY},{_BOUNDS})",
        at.lender.address,
        at.pool.address,
        action.collateral.address,
        share_of(at.pool, action.collateral).address,
        action.debt.address,
        at.exchange.fee,
        action.loan,
        action.least if isinstance(action, EnterLoop) else action.most,
        limit,
        action.deadline,
    )
    return Call(market.address, data)
