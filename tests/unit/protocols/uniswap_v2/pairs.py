"""Pairs and states of our own, and token markets beside them."""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.market import Head, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Token, address
from trimtab.protocols.erc20 import Erc20, Erc20State
from trimtab.protocols.shared.shares import Shares
from trimtab.protocols.uniswap_v2 import Fee, Pair, PairState
from trimtab.protocols.uniswap_v2.market import STANDARD_FEE

CHAIN, NOW, FOREVER = 1, Timestamp(1_700_000_000), Timestamp(2**40)
ALICE, BOB = (address("0x" + digit * 40) for digit in "ab")
PAIR, FACTORY, ROUTER = (address("0x" + digit * 40) for digit in "789")
USDC = Token(CHAIN, address("0x" + "1" * 40), 6, "USDC")
WETH = Token(CHAIN, address("0x" + "2" * 40), 18, "WETH")
DAI = Token(CHAIN, address("0x" + "3" * 40), 18, "DAI")


def pair(fee: Fee = STANDARD_FEE) -> Pair:
    """USDC against WETH."""
    return Pair(CHAIN, PAIR, "uniswap_v2:WETH/USDC", USDC, WETH, FACTORY, ROUTER, fee)


def state(reserve0: int = 2_000 * 10**6, reserve1: int = 10**18, **fields: object) -> PairState:
    """A pair of these reserves, of which Alice has a part and lets the router take it."""
    allowances = {(ALICE, ROUTER): 10**12, (BOB, ROUTER): 0}
    whole = PairState(
        timestamp=NOW,
        reserve0=reserve0,
        reserve1=reserve1,
        updated_at=NOW - 12,
        price0_cumulative=0,
        price1_cumulative=0,
        k_last=0,
        fee_to=ZERO_ADDRESS,
        shares=Shares(44_721_359_549_995, {ALICE: 10**13, BOB: 0}, allowances),
        held=0,
    )
    return replace(whole, **fields)  # type: ignore[arg-type]  # each test names fields that it has


def states(market: Pair, of: PairState, more: tuple[int, int] = (0, 0)) -> States:
    """The pair and its tokens; Alice and Bob have plenty, all of it allowed to the router.

    `more` is what the pair has of its tokens above its reserves.
    """
    wallets = {
        token: Erc20State(
            NOW,
            token,
            {ALICE: 10**30, BOB: 10**30, market.address: reserve + above},
            {(owner, ROUTER): 10**40 for owner in (ALICE, BOB)},
        )
        for token, reserve, above in zip(
            market.tokens, (of.reserve0, of.reserve1), more, strict=True
        )
    }
    markets = {
        token_market(token): Erc20(CHAIN, token.address, f"erc20:{token}", token)
        for token in wallets
    }
    return States(
        CHAIN,
        {CHAIN: Head(CHAIN, 1, "0x", NOW)},
        {market.id: market, **markets},
        {market.id: of, **{token_market(token): held for token, held in wallets.items()}},
    )
