"""FlashLoop's part of an address book."""

from collections.abc import Iterable, Mapping

from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, State
from trimtab.core.token import Address, Token, address
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.aave_v36 import LendingPool36
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.protocols.uniswap_v3 import Pool


def flash_loops(
    chain: int, where: Address | None, factory: str | None, markets: Mapping[str, Market[State]]
) -> tuple[FlashLoop, ...]:
    """The contract at an address, with the lenders and exchanges among the book's markets.

    None without an address, or where no exchange has tokens that are lent. `factory` is that of
    the book's pools of concentrated liquidity; raises ConfigError without it.
    """
    lenders = [m for m in markets.values() if isinstance(m, LendingPool | LendingPool36)]
    lent = {reserve.token for lender in lenders for reserve in lender.reserves}
    exchanges = [
        market
        for name, market in markets.items()
        if isinstance(market, Pool)
        and name.startswith(Pool.protocol)
        and {market.token0, market.token1} <= lent
    ]
    if where is None or not exchanges:
        return ()
    if factory is None:
        raise ConfigError(
            "it names a `flash_loop`, but no `uniswap_v3.factory`, whose pools it exchanges in: "
            "name the factory, or remove the FlashLoop"
        )
    found = FlashLoop(
        chain=chain,
        address=where,
        name="flash_loop",
        factory=address(factory),
        lenders=tuple(lender.id for lender in lenders),
        exchanges=tuple(pool.id for pool in exchanges),
        tokens=_tokens(exchanges),
    )
    return (found,)


def _tokens(pools: Iterable[Pool]) -> tuple[Token, ...]:
    return tuple(dict.fromkeys(token for pool in pools for token in (pool.token0, pool.token1)))
