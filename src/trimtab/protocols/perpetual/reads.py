"""What is asked of a market, all of it in one round, and how the answers become its state.

What the exchange keeps of funding and of the price's limits, and what an account is owed, no
function tells: those are read from storage, at places that the proven code's layout gives.
"""

from collections.abc import Sequence
from functools import cache

from eth_utils.crypto import keccak

from trimtab.core.abi import Answer, Read, call_data, signed, slot_read, word, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.token import Address, address_from_bytes
from trimtab.protocols.perpetual.market import AccountState, Perpetual, PerpetualState, Rules

_REFERENCE_TICK, _FIRST_TRADED, _SETTLED_AT, _GROWTH, _REFERENCE_AT = 208, 209, 210, 211, 214
"""Places of maps by base token. Source: layout of Exchange."""

_OWED = 157
"""The place of a map by account. Source: layout of AccountBalance."""

_CONFIG = (
    "getImRatio()",
    "getMmRatio()",
    "getLiquidationPenaltyRatio()",
    "getMaxFundingRate()",
    "getTwapInterval()",
    "getSettlementTokenBalanceCap()",
)
_HOT = len(_CONFIG) + 12
_PER_ACCOUNT = 7


def reads(market: Perpetual, question: Question[PerpetualState]) -> tuple[Read, ...]:
    """The rules, the market and the accounts; who the market is where nothing is known."""
    if question.round:
        return ()
    of_accounts = tuple(
        read for owner in _owners(market, question) for read in _account(market, owner)
    )
    identity = () if question.known is not None else _identity(market)
    return (*_hot(market), *of_accounts, *identity)


def decode(
    market: Perpetual, question: Question[PerpetualState], answers: Sequence[Answer]
) -> PerpetualState:
    """The state that the answers give.

    Raises MissingRead for answers that are absent, short or refused, and DataError for a market
    that is not as declared, or is in a state, or has an account in one, that is not modelled.
    """
    asked = len(reads(market, question))
    if len(answers) != asked:
        raise MissingRead(f"{len(answers)} answers to {asked} reads of {market.name}")
    owners = _owners(market, question)
    ends = range(_HOT, _HOT + _PER_ACCOUNT * len(owners) + 1, _PER_ACCOUNT)
    accounts = {
        owner: _decode_account(market, owner, answers[at : at + _PER_ACCOUNT])
        for owner, at in zip(owners, ends, strict=False)
    }
    if question.known is None:
        _check_identity(market, answers[ends[-1] :])
    rules, others = _decode_rules(market, answers[:_HOT])
    first, settled, growth, tick, at, price, pool_tick = others
    return PerpetualState(
        timestamp=question.head.timestamp,
        rules=rules,
        first_traded=first,
        settled_at=settled,
        growth=signed(growth),
        reference_tick=signed(tick, 24),
        reference_at=at,
        sqrt_price_x96=price,
        tick=signed(pool_tick),
        settlement=market.settlement,
        base=market.base,
        insurance_fund=market.insurance_fund,
        accounts=accounts,
    )


def size_read(market: Perpetual, owner: Address) -> Read:
    """What asks for an account's position, its size in the first word."""
    data = call_data("getAccountInfo(address,address)", owner, market.base)
    return Read(market.account_balance, data)


def margin_read(market: Perpetual, owner: Address) -> Read:
    """What asks for an account's margin."""
    return Read(market.vault, call_data("getBalance(address)", owner))


def _owners(market: Perpetual, question: Question[PerpetualState]) -> tuple[Address, ...]:
    """The tracked accounts, the insurance fund last."""
    return tuple(dict.fromkeys((*question.accounts.owners, market.insurance_fund)))


# ------------------------------------------------------------------------------------ market


@cache
def _hot(market: Perpetual) -> tuple[Read, ...]:
    base = market.base
    return (
        *(Read(market.config, call_data(each)) for each in _CONFIG),
        Read(market.config, call_data("getMarkPriceConfig()")),
        Read(market.registry, call_data("getMarketInfo(address)", base)),
        Read(market.exchange, call_data("getMaxTickCrossedWithinBlock(address)", base)),
        Read(base, call_data("isOpen()")),
        Read(market.address, call_data("paused()")),
        Read(market.vault, call_data("paused()")),
        *(
            slot_read(market.exchange, mapped(base, place))
            for place in (_FIRST_TRADED, _SETTLED_AT, _GROWTH, _REFERENCE_TICK, _REFERENCE_AT)
        ),
        Read(market.pool_address, call_data("slot0()")),
    )


def _decode_rules(
    market: Perpetual, answers: Sequence[Answer]
) -> tuple[Rules, tuple[int, int, int, int, int, int, int]]:
    """The rules, and what the exchange and the pool keep of the market."""
    name = f"the rules of {market.name}"
    of_config = [words(answer, 1, name)[0] for answer in answers[:6]]
    initial, maintenance, penalty, most_funding, interval, cap = of_config
    mark_interval, premium_interval = words(answers[6], 2, name)
    pool, _, pool_fee, insurance_share, most_spread = words(answers[7], 5, name)
    if word(pool) != word(market.pool_address):
        raise DataError(
            f"{market.name} trades in the pool {pool:#042x}, but was declared with "
            f"{market.pool_address}: correct the declaration"
        )
    most_ticks, is_open, house, vault = (words(each, 1, name)[0] for each in answers[8:12])
    if not is_open:
        raise DataError(
            f"{market.name} is paused or closed: only open markets are modelled; leave it as its "
            "own pages say"
        )
    first, settled, growth, tick, at = (words(each, 1, name)[0] for each in answers[12:17])
    price, pool_tick = words(answers[17], 2, f"slot0 of the pool of {market.name}")
    rules = Rules(
        initial_margin=initial,
        maintenance_margin=maintenance,
        liquidation_penalty=penalty,
        most_funding=most_funding,
        funding_interval=interval,
        mark_interval=mark_interval,
        premium_interval=premium_interval,
        cap=cap,
        pool_fee=pool_fee,
        insurance_share=insurance_share,
        most_spread=most_spread,
        most_ticks=most_ticks,
        is_house_paused=bool(house),
        is_vault_paused=bool(vault),
    )
    return rules, (first, settled, growth, tick, at, price, pool_tick)


# ---------------------------------------------------------------------------------- accounts


@cache
def _account(market: Perpetual, owner: Address) -> tuple[Read, ...]:
    of_base = (owner, market.base)
    registry = call_data("getMarketInfoByTrader(address,address)", *of_base)
    orders = call_data("getOpenOrderIds(address,address)", *of_base)
    return (
        margin_read(market, owner),
        slot_read(market.account_balance, mapped(owner, _OWED)),
        size_read(market, owner),
        Read(market.registry, registry),
        Read(market.account_balance, call_data("getBaseTokens(address)", owner)),
        Read(market.order_book, orders),
        Read(market.vault, call_data("getCollateralTokens(address)", owner)),
    )


def _decode_account(market: Perpetual, owner: Address, answers: Sequence[Answer]) -> AccountState:
    what = f"{owner} at {market.name}"
    margin, owed, info, registry, bases, orders, collateral = answers
    size, open_notional, growth = map(signed, words(info, 3, what))
    _check_list(market, bases, what, "a position in another market of the clearing house")
    for answer, kind in ((orders, "open orders"), (collateral, "other collateral")):
        if words(answer, 2, what)[1]:
            raise DataError(f"{what} has {kind}, which is not modelled: take it out by hand")
    return AccountState(
        margin=signed(words(margin, 1, what)[0]),
        owed=signed(words(owed, 1, what)[0]),
        size=size,
        open_notional=open_notional,
        growth=growth,
        fee=words(registry, 2, what)[1],
        is_registered=words(bases, 2, what)[1] == 1,
    )


def _check_list(market: Perpetual, answer: Answer, what: str, kind: str) -> None:
    """Raise DataError if the listed markets are not this one alone, or none."""
    count = words(answer, 2, what)[1]
    listed = words(answer, 2 + min(count, 2), what)[2:]
    if any(word(each) != word(market.base) for each in listed) or count > 1:
        raise DataError(f"{what} has {kind}, which is not modelled: take it out by hand")


@cache
def mapped(key: Address, place: int) -> int:
    """The slot of an address's value in a map. Source: Solidity's layout of storage."""
    return int.from_bytes(keccak(word(key) + word(place)), "big")


# ---------------------------------------------------------------------------------- identity


def _identity(market: Perpetual) -> tuple[Read, ...]:
    return tuple(Read(to, call_data(signature)) for to, signature, _ in _relations(market))


def _relations(market: Perpetual) -> tuple[tuple[Address, str, Address], ...]:
    zero = address_from_bytes(bytes(20))
    return (
        (market.address, "getVault()", market.vault),
        (market.address, "getExchange()", market.exchange),
        (market.address, "getOrderBook()", market.order_book),
        (market.address, "getAccountBalance()", market.account_balance),
        (market.address, "getInsuranceFund()", market.insurance_fund),
        (market.address, "getClearingHouseConfig()", market.config),
        (market.address, "getQuoteToken()", market.quote),
        (market.exchange, "getMarketRegistry()", market.registry),
        (market.vault, "getSettlementToken()", market.settlement.address),
        (market.base, "getPriceFeed()", market.price_feed),
        (market.price_feed, "getChainlinkPriceFeedV3()", market.index_address),
        (market.price_feed, "getUniswapV3PriceFeed()", zero),
    )


def _check_identity(market: Perpetual, answers: Sequence[Answer]) -> None:
    for (to, signature, expected), answer in zip(_relations(market), answers, strict=True):
        (stated,) = words(answer, 1, f"{signature} of {to}")
        if word(stated) != word(expected):
            raise DataError(
                f"{market.name}: {to} answers {signature} with {stated:#042x}, expected "
                f"{expected}: correct the declaration"
            )
