"""The peer of the quotes: degenbot's pool, in a process and an environment of its own.

Run by path with the Python of `.venv-peers`; it imports nothing of ours. The first line of its
input is the pool, each further one a job; a line of output says how many seconds the job took, and
what came of it. What degenbot would ask of a node is answered here from the pool that is given.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

# Not installed where types are checked: it needs an environment of its own.
from degenbot import Erc20Token  # type: ignore[import-not-found, unused-ignore]
from degenbot.exceptions import (  # type: ignore[import-not-found, unused-ignore]
    IncompleteSwap,
    InsufficientAmountOutError,
)
from degenbot.uniswap import (  # type: ignore[import-not-found, unused-ignore]
    v3_liquidity_pool as module,
)
from degenbot.uniswap.types import (  # type: ignore[import-not-found, unused-ignore]
    UniswapV3PoolExternalUpdate,
)

TOKENS = ("0x" + "11" * 20, "0x" + "22" * 20)
POOL = "0x" + "33" * 20
CHAIN = 1


class Tokens:
    """Tokens of which only the address is known."""

    def __init__(self, chain_id: int) -> None:
        self.chain_id = chain_id

    def get_erc20token(self, address: str, **_: Any) -> Any:
        """The token of an address."""
        token = Erc20Token.__new__(Erc20Token)
        token.address, token.symbol = address, address[:6]
        return token


class Registry:
    """A registry that the same pool may join again."""

    def add(self, **_: Any) -> None:
        """Nothing is looked up there."""


def pool_of(given: dict[str, Any]) -> Any:
    """degenbot's pool, all of whose ticks are known."""
    here = (given["price"], given["tick"], given["liquidity"])

    class Pool(module.UniswapV3Pool):  # type: ignore[misc, unused-ignore]
        """A pool that asks no node."""

        def get_factory_tokens_liquidity_price_tick_batched(self, **_: Any) -> tuple[Any, ...]:
            """What the first calls to a node would answer."""
            return (POOL, TOKENS, given["fee"], given["spacing"], *here)

    module.connection_manager.get_web3 = lambda _: None
    module.Erc20TokenManager = Tokens
    module.pool_registry = Registry()
    return Pool(
        POOL,
        chain_id=CHAIN,
        state_block=1,
        verify_address=False,
        silent=True,
        tick_data={
            int(tick): {"liquidity_gross": gross, "liquidity_net": net, "block": 1}
            for tick, (gross, net) in given["ticks"].items()
        },
        tick_bitmap={
            int(word): {"bitmap": bitmap, "block": 1} for word, bitmap in given["words"].items()
        },
    )


def quotes(pool: Any, zero_for_one: bool, amounts: Sequence[int]) -> list[int]:
    """What selling each amount gives; what buying it takes, where it is negative."""
    sold, bought = (pool.token0, pool.token1) if zero_for_one else (pool.token1, pool.token0)
    found = []
    for amount in amounts:
        if amount > 0:
            found.append(pool.calculate_tokens_out_from_tokens_in(sold, amount))
        else:
            found.append(pool.calculate_tokens_in_from_tokens_out(bought, -amount))
    return found


def update(pool: Any, block: int, event: Sequence[int]) -> None:
    """Tells the pool of a mint or burn (three numbers), or of where a swap left it (three)."""
    kind, *rest = event
    if kind == 0:
        price, liquidity, tick = rest
        told = UniswapV3PoolExternalUpdate(
            block, sqrt_price_x96=price, liquidity=liquidity, tick=tick
        )
    else:
        lower, upper, change = rest
        told = UniswapV3PoolExternalUpdate(block, liquidity_change=(change, lower, upper))
    pool.external_update(told)


def mixed(pool: Any, rounds: Sequence[Any]) -> list[int]:
    """Each round's event, and then its quotes."""
    found: list[int] = []
    for block, (event, zero_for_one, amounts) in enumerate(rounds, pool.update_block + 1):
        update(pool, block, event)
        found += quotes(pool, zero_for_one, amounts)
    return found


def main() -> None:
    """Answer jobs until the input ends."""
    given = json.loads(sys.stdin.readline())
    pool = pool_of(given)
    for line in sys.stdin:
        job = json.loads(line)
        if job["job"] == "mixed":
            pool = pool_of(given)
        started = time.perf_counter()
        try:
            if job["job"] == "mixed":
                found = mixed(pool, job["rounds"])
            else:
                found = quotes(pool, job["zero_for_one"], job["amounts"])
        except (IncompleteSwap, InsufficientAmountOutError) as error:
            raise SystemExit(f"the pool ends before an amount does: {error}") from error
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "found": found}), flush=True)


if __name__ == "__main__":
    main()
