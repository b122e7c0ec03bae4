"""What a pair refuses before anything is computed or encoded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.protocols.uniswap_v2.pairs import (
    ALICE,
    BOB,
    DAI,
    FOREVER,
    USDC,
    WETH,
    pair,
    state,
    states,
)
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    Collect,
    RemoveLiquidity,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.errors import ConfigError, InvariantViolation, NoRoute
from trimtab.core.token import Token
from trimtab.protocols.uniswap_v2 import Pair, UniswapV2Adapter

ADAPTER = UniswapV2Adapter()
HERE = pair()
SALE = Swap(ALICE, HERE.id, USDC, WETH, 1, 0, FOREVER, ALICE)
PURCHASE = SwapExactOut(ALICE, HERE.id, USDC, WETH, 1, 9, FOREVER, ALICE)
ADDED = AddLiquidity(ALICE, HERE.id, HERE.tokens, (1, 1), 0, FOREVER)
REMOVED = RemoveLiquidity(ALICE, HERE.id, HERE.tokens, 1, (0, 0), FOREVER, ALICE)
SENT = Transfer(ALICE, HERE.id, HERE.share, BOB, 1)
ALLOWED = Approve(ALICE, HERE.id, HERE.share, BOB, 1)

REFUSED = (
    (replace(SALE, token_in=DAI), "trades USDC and WETH, not DAI"),
    (replace(SALE, token_out=USDC), "does not give USDC for USDC"),
    (replace(SALE, token_out=DAI), "does not give DAI for USDC"),
    (replace(SALE, limit=1), "knows no limit of the price"),
    (replace(PURCHASE, token_out=DAI), "does not give DAI for USDC"),
    (replace(PURCHASE, limit=2**96), "knows no limit of the price"),
    (replace(ADDED, tokens=(WETH, USDC)), "in this order, not WETH, USDC"),
    (replace(ADDED, tokens=(USDC,)), "in this order, not USDC"),
    (replace(ADDED, amounts=(1,)), "1 amounts, expected 2"),
    (replace(ADDED, amounts=(1, 2, 3)), "3 amounts, expected 2"),
    (replace(ADDED, least_amounts=(1,)), "1 least_amounts, expected 0 or 2"),
    (replace(ADDED, least=1), "cannot check that it gives 1 shares"),
    (replace(ADDED, ticks=(-60, 60)), "leave `ticks` empty"),
    (replace(REMOVED, tokens=(USDC, DAI)), "in this order, not USDC, DAI"),
    (replace(REMOVED, least=()), "0 least, expected 2"),
    (replace(REMOVED, ticks=(-60, 60)), "leave `ticks` empty"),
    (replace(SENT, token=USDC), f"is the token {HERE.address}, not {USDC.address}"),
    (replace(ALLOWED, token=WETH), f"is the token {HERE.address}, not {WETH.address}"),
)


@pytest.mark.parametrize("case", REFUSED, ids=[f"{n} {c[1]}" for n, c in enumerate(REFUSED)])
def test_pair__what_it_cannot_do__refused_in_words(case: tuple[Action, str]) -> None:
    action, words = case
    for does in (ADAPTER.apply, ADAPTER.encode):
        with pytest.raises(NoRoute, match=words):
            does(states(HERE, state()), action)


@pytest.mark.parametrize(
    "action",
    [
        Supply(ALICE, HERE.id, USDC, 1, ALICE),
        Collect(ALICE, HERE.id, HERE.tokens, (-60, 60), (1, 1), ALICE),
    ],
    ids=lambda action: type(action).__name__,
)
def test_pair__action_that_it_does_not_have__violation(action: Action) -> None:
    for does in (ADAPTER.apply, ADAPTER.encode):
        with pytest.raises(InvariantViolation, match="INV-5 the adapter law: a pair cannot"):
            does(states(HERE, state()), action)


@pytest.mark.parametrize("tokens", [(WETH, USDC), (USDC, USDC)], ids=["out of order", "one"])
def test_pair__tokens_not_in_order__refused(tokens: tuple[Token, Token]) -> None:
    with pytest.raises(ConfigError, match="exchange them"):
        Pair(1, HERE.address, "a pair", *tokens, HERE.factory, HERE.router)


def test_pair__share__a_token_of_its_own() -> None:
    assert (HERE.share.address, HERE.share.decimals) == (HERE.address, 18)


def test_encode__swap__path_behind_the_arguments() -> None:
    (call,) = ADAPTER.encode(states(HERE, state()), SALE)
    words = [call.data[at : at + 32] for at in range(4, len(call.data), 32)]
    numbers = [int.from_bytes(each, "big") for each in words]
    accounts = [int(each, 16) for each in (ALICE, USDC.address, WETH.address)]
    assert numbers == [1, 0, 160, accounts[0], FOREVER, 2, *accounts[1:]]
    assert (call.to, call.data[:4].hex()) == (HERE.router, "38ed1739")
