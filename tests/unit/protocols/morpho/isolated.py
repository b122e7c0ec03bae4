"""Markets of dollars against ether, and states of them, for the tests of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trimtab.core.abi import UINT256_MAX
from trimtab.core.market import Accounts, Head, Market, MarketId, State, token_market
from trimtab.core.quantise import Timestamp, Wad
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.erc20 import Erc20, Erc20State
from trimtab.protocols.morpho import (
    LendingMarket,
    LendingState,
    Morpho,
    MorphoState,
    OracleState,
    Position,
    PriceOracle,
    RateModel,
    id_of,
)


def account(digit: str) -> Address:
    return Address("0x" + digit * 40)


ACTOR, FRIEND, OTHER, AT, ORACLE, RATES, CURVE = (account(digit) for digit in "123789a")
USD = Token(1, account("4"), 6, "USD")
ETH = Token(1, account("5"), 18, "ETH")
NOW = Timestamp(1_700_000_000)
HEAD = Head(1, 7, "0x07", NOW)
ACCOUNTS = Accounts((ACTOR, FRIEND), (AT,))
LLTV = Wad(8 * 10**17)
PRICE = 2_000 * 10**24
MILLION = 10**12
YEAR = 365 * 24 * 3600


MODELS = {
    RateModel.NONE: ZERO_ADDRESS,
    RateModel.UTILISATION: RATES,
    RateModel.ADAPTIVE_CURVE: CURVE,
}


def market_of(rates: RateModel, lltv: Wad = LLTV) -> LendingMarket:
    model = MODELS[rates]
    parameters = (USD.address, ETH.address, ORACLE, model, lltv)
    return LendingMarket(
        1, AT, "morpho:ETH/USD", id_of(parameters), USD, ETH, ORACLE, model, rates, lltv
    )


MARKET = market_of(RateModel.UTILISATION)
ADAPTIVE = market_of(RateModel.ADAPTIVE_CURVE)
IDLE = market_of(RateModel.NONE)
CONTRACT = Morpho(1, AT, "morpho")
FEED = PriceOracle(1, ORACLE, "morpho:oracle:ETH/USD")


def lending_state(
    supplied: int = MILLION,
    borrowed: int = MILLION // 2,
    market: LendingMarket = MARKET,
    positions: Mapping[Address, Position] | None = None,
) -> LendingState:
    """A market whose shares are worth a millionth of a base unit each, as in a new one.

    The actor has lent a fifth of it; the friend has an ether and owes 1,000 dollars of it.
    """
    return LendingState(
        timestamp=NOW,
        market=market,
        total_supply_assets=supplied,
        total_supply_shares=supplied * 10**6,
        total_borrow_assets=borrowed,
        total_borrow_shares=borrowed * 10**6,
        last_update=NOW,
        fee=Wad(0),
        fee_recipient=ZERO_ADDRESS,
        rate_at_target=1_268_391_679 if market.keeps_rate else None,
        positions=positions
        or {
            ACTOR: Position(supply_shares=supplied * 10**6 // 5),
            FRIEND: Position(borrow_shares=10**15, collateral=10**18),
        },
    )


def all_states(state: LendingState, price: int = PRICE, **lying: int) -> States:
    """The market in this state with its contract, oracle and tokens, all of them allowed.

    Both accounts have a million dollars and a thousand ether, unless `USD` or `ETH` say.
    """
    authorised = {(ACTOR, FRIEND): False, (FRIEND, ACTOR): True}
    markets: list[Market[Any]] = [state.market, CONTRACT, FEED, erc20(USD), erc20(ETH)]
    found: dict[MarketId, State] = {
        state.market.id: state,
        CONTRACT.id: MorphoState(NOW, authorised),
        FEED.id: OracleState(NOW, price),
        token_market(USD): held(USD, lying.get("USD", MILLION)),
        token_market(ETH): held(ETH, lying.get("ETH", 10**21)),
    }
    return States(1, {1: HEAD}, {market.id: market for market in markets}, found)


def later(states: States, market: LendingMarket, seconds: int) -> States:
    """The states with the market's clock moved on."""
    state = states[market]
    moved = replace(state, timestamp=Timestamp(state.timestamp + seconds))
    return states.with_states({market.id: moved})


def erc20(token: Token) -> Erc20:
    return Erc20(1, token.address, f"erc20:{token}", token)


def held(token: Token, lying: int) -> Erc20State:
    balances = {ACTOR: lying, FRIEND: lying, AT: 10**9 * token.unit}
    allowed = {(ACTOR, AT): UINT256_MAX, (FRIEND, AT): UINT256_MAX}
    return Erc20State(NOW, token, balances, allowed)
