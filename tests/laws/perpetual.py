"""Drawn margin, trades, liquidations and prices: sums on and around every edge there is."""

from __future__ import annotations

from typing import cast

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    ClosePosition,
    LiquidatePosition,
    OpenPosition,
    Quantity,
    SettleFunding,
    Supply,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core.errors import DataError, NoRoute
from trimtab.core.market import token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world import CREDIT_WORLD
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.perpetual import (
    Perpetual,
    PositionQuote,
    free_collateral,
    margin_ratio,
    quote_close,
    quote_open,
)
from trimtab.protocols.perpetual.model.books import Books
from trimtab.protocols.perpetual.model.funding import settle
from trimtab.protocols.shared.reverts import RevertError
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE, Q96

UNSEEN = Address("0x00000000000000000000000000000000000A11cE")
"""An account that nobody tracks."""

FOREVER = Timestamp(2**40)
LONGEST_WAIT = 40 * 24 * 3600
"""A premium costs up to a tenth of a position a day: few are left after longer times."""
KINDS = (
    *("supply",) * 2,
    *("open",) * 9,
    *("push",) * 8,
    *("close",) * 2,
    *("withdraw",) * 2,
    *("price",) * 4,
    "liquidate",
    *("settle",) * 2,
)
MARKETS = (
    "chainlink:WETH",
    "erc20:USDC",
    "perpetual:ETH",
    "perpetual:ETH/index",
    "perpetual:ETH/pool",
)
LEVERAGE = 9
RICH = 5 * 10**11
"""Margin that suffices to move the price by as much as a block allows."""

DEPTHS = (3 * 10**22, 10**23, 10**23, 3 * 10**23, 10**26)
"""Quote units that the pool has near its price, and more than there is."""


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """Mostly a trade; a liquidation where one is possible, more often than not."""
    market = next(each for each in states.markets.values() if isinstance(each, Perpetual))
    kind = _possible(draw, states, market, owners, draw(st.sampled_from(KINDS)))
    fallen = [owner for owner in owners if _is_liquidatable(states, market, owner)]
    if kind == "liquidate" or (fallen and draw(st.integers(0, 2)) == 1):
        return _liquidation(draw, states, market, owners, fallen)
    if kind in ("open", "push") and _is_far(states, market) and draw(st.booleans()):
        kind = "price"
    match kind:
        case "open" if funded := [each for each in owners if states[market].account(each).margin]:
            return _opening(draw, states, market, draw(st.sampled_from(funded)))
        case "push" if opened := [each for each in owners if states[market].account(each).size]:
            return _push(draw, states, market, owners, draw(st.sampled_from(opened)))
        case "close":
            return _closing(draw, states, market, draw(st.sampled_from(_open(states, owners))))
        case "withdraw":
            return _withdrawal(draw, states, market, draw(st.sampled_from(owners)))
        case "settle":
            return _settlement(draw, states, market, owners)
        case "price":
            return _price(draw, states, market, draw(st.sampled_from(owners)))
        case _:
            return _supply(draw, states, market, owners)


def _possible(
    draw: Draw, states: States, market: Perpetual, owners: tuple[Address, ...], kind: str
) -> str:
    """The kind, or mostly what has to come before it: a position, and before that margin."""
    if kind in ("supply", "price") or draw(st.integers(0, 7)) == 3:
        return kind
    accounts = [states[market].account(owner) for owner in owners]
    if sum(account.margin > 0 for account in accounts) < 2:
        return "supply"
    if kind == "withdraw" or any(account.size for account in accounts):
        return kind
    return "open"


PORT = Port(
    "perpetual",
    actions,
    (
        "Supply",
        "Withdraw",
        "OpenPosition",
        "ClosePosition",
        "LiquidatePosition",
        "SettleFunding",
    ),
    LONGEST_WAIT,
    ("chainlink", "erc20", "perpetual", "uniswap_v3"),
    CREDIT_WORLD,
    MARKETS,
)


def _open(states: States, owners: tuple[Address, ...]) -> list[Address]:
    """Who has a position; everybody, if nobody has."""
    market = next(each for each in states.markets.values() if isinstance(each, Perpetual))
    return [each for each in owners if states[market].account(each).size] or list(owners)


def _is_far(states: States, market: Perpetual) -> bool:
    """Whether pool and feed are so far apart that most trades are refused."""
    answer = cast(FeedState, states.state(market.feed)).answer
    return not 95 * answer <= 100 * _pool_price(states, market) <= 105 * answer


def _pool_price(states: States, market: Perpetual) -> int:
    """The pool's price as the feed would answer it."""
    return int(states[market].sqrt_price_x96 ** 2 * 10**market.index_decimals >> 192)


def _is_liquidatable(states: States, market: Perpetual, owner: Address) -> bool:
    try:
        ratio = margin_ratio(states, market, owner)
    except DataError:
        return False
    return ratio is not None and ratio * 10**6 < states[market].rules.maintenance_margin


# -------------------------------------------------------------------------------------- margin


def _supply(draw: Draw, states: States, market: Perpetual, owners: tuple[Address, ...]) -> Action:
    actor, token = draw(st.sampled_from(owners)), market.settlement
    state = cast(Erc20State, states.state(token_market(token)))
    if not state.allowance(actor, market.vault) and not _rarely(draw):
        raw = draw(st.sampled_from((*(UINT256_MAX,) * 7, 10**9)))
        return Approve(actor, token_market(token), token, market.vault, raw)
    wallet, allowed = state.balance(actor), state.allowance(actor, market.vault)
    amount = draw(
        st.one_of(
            st.integers(10**9, 10**11),
            st.integers(10**12, 2 * 10**12),
            st.integers(10**9, 2 * 10**10),
            st.integers(10**9, 2 * 10**10),
            st.sampled_from((0, 1, wallet, wallet + 1, allowed, 2**128, 2**255, UINT256_MAX)),
        )
    )
    others = (*owners, UNSEEN, ZERO_ADDRESS, market.insurance_fund)
    target = draw(st.sampled_from((*(actor,) * 9, *others)))
    return Supply(actor, market.id, token, amount, target)


def _withdrawal(draw: Draw, states: States, market: Perpetual, actor: Address) -> Withdraw:
    has = states[market].account(actor)
    try:
        free = free_collateral(states, market, actor)
    except DataError:
        free = 0
    marks = (free, free + 1, max(free - 1, 0), has.margin, 0, 1, 2**128, UINT256_MAX)
    amount: Quantity = draw(
        st.one_of(st.integers(0, max(free, 1)), st.just(ALL), st.sampled_from(marks))
    )
    return Withdraw(actor, market.id, market.settlement, amount, actor)


def _settlement(
    draw: Draw, states: States, market: Perpetual, owners: tuple[Address, ...]
) -> Action:
    """Funding of an account of which a log will tell; else a price."""
    owner = draw(st.sampled_from(_open(states, owners)))
    actor = draw(st.sampled_from((owner, owner, owner, *owners)))
    if actor == owner and _is_silent(states, market, owner):
        return _price(draw, states, market, actor)
    return SettleFunding(actor, market.id, owner)


def _is_silent(states: States, market: Perpetual, owner: Address) -> bool:
    """Whether funding would be booked that rounds to nothing: no log names the account then."""
    books = Books.of(states, market)
    before = books.account(owner)
    try:
        settle(books, owner)
    except RevertError:
        return False
    after = books.account(owner)
    return before.owed == after.owed and before.growth != after.growth


# --------------------------------------------------------------------------------------- trades


def _opening(draw: Draw, states: States, market: Perpetual, actor: Address) -> OpenPosition:
    is_short, is_exact_in = draw(st.booleans()), draw(st.booleans())
    has, state = states[market].account(actor), states[market]
    try:
        free = free_collateral(states, market, actor) * state.unit
    except DataError:
        free = 0
    quote = min(max(free * LEVERAGE, 10**6), draw(st.sampled_from(DEPTHS)))
    is_base = is_short == is_exact_in
    price = max(state.sqrt_price_x96**2 >> 96, 1)
    mark = quote * Q96 // price if is_base else quote
    held = (abs(has.size) if is_base else abs(has.open_notional)) or mark
    amount = draw(_amounts(mark, held))
    limit = draw(_limits(state.sqrt_price_x96)) if draw(st.integers(0, 6)) == 3 else 0
    terms = _quote(states, market, actor, is_short, is_exact_in, amount, limit)
    bound = draw(_bounds(terms, is_wanted_base=is_short != is_exact_in))
    return OpenPosition(
        *(actor, market.id, is_short, is_exact_in, amount, bound),
        deadline=draw(_deadlines(states)),
        limit=limit,
    )


def _push(
    draw: Draw, states: States, market: Perpetual, owners: tuple[Address, ...], against: Address
) -> Action:
    """A trade of somebody else that moves the price against a position, or margin for it."""
    state = states[market]
    others = [each for each in owners if each != against]
    actor = max(others, key=lambda each: state.account(each).margin)
    if state.account(actor).margin < RICH:
        raw = cast(Erc20State, states.state(token_market(market.settlement))).balance(actor)
        return Supply(actor, market.id, market.settlement, max(raw // 3, 1), actor)
    is_short = state.account(against).size > 0
    price, part = state.sqrt_price_x96, draw(st.integers(5, 45))
    limit = price * (1000 - part) // 1000 if is_short else price * (1000 + part) // 1000
    return OpenPosition(actor, market.id, is_short, is_short, 10**24, 0, FOREVER, limit)


def _quote(
    states: States,
    market: Perpetual,
    actor: Address,
    is_short: bool,
    is_exact_in: bool,
    amount: int,
    limit: int,
) -> PositionQuote | None:
    try:
        return quote_open(
            states,
            market,
            actor,
            is_short=is_short,
            is_exact_in=is_exact_in,
            amount=amount,
            limit=limit,
        )
    except (NoRoute, DataError):
        return None


def _closing(draw: Draw, states: States, market: Perpetual, actor: Address) -> ClosePosition:
    limit = 0
    if draw(st.integers(0, 4)) == 2:
        limit = draw(_limits(states[market].sqrt_price_x96))
    try:
        terms = quote_close(states, market, actor, limit=limit)
    except (NoRoute, DataError):
        terms = None
    bound = draw(_bounds(terms, is_wanted_base=False))
    return ClosePosition(actor, market.id, bound, draw(_deadlines(states)), limit)


def _liquidation(
    draw: Draw,
    states: States,
    market: Perpetual,
    owners: tuple[Address, ...],
    fallen: list[Address],
) -> LiquidatePosition:
    """Mostly by who has the margin to take it over, of all that may be or of a part."""
    owner = draw(st.sampled_from(fallen or list(owners)))
    accounts = states[market].accounts
    richest = max(owners, key=lambda each: (each != owner, accounts[each].margin))
    size = accounts[owner].size
    part = size * draw(st.integers(1, 1100)) // 1000
    sizes = (0, 0, 0, 0, part, part, part, size, -size, 1, -1, 2**254, -(2**255))
    actor = draw(st.sampled_from((richest, richest, richest, *owners)))
    return LiquidatePosition(actor, market.id, owner, draw(st.sampled_from(sizes)))


def _price(draw: Draw, states: States, market: Perpetual, actor: Address) -> UpdateAnswer:
    """A price near the last one or the pool's, seldom far away, or folly."""
    answer = cast(FeedState, states.state(market.feed)).answer
    pools = _pool_price(states, market)
    if not 10**6 < answer < 10**15:
        return UpdateAnswer(actor, market.feed, max(pools, 1))
    match draw(st.integers(0, 19)):
        case 9:
            return UpdateAnswer(actor, market.feed, draw(st.sampled_from((0, -1, 1, 2**200))))
        case 5 | 6:
            return UpdateAnswer(
                actor, market.feed, 1 + answer * draw(st.integers(800, 1200)) // 1000
            )
        case 10 | 11 | 12:
            return UpdateAnswer(
                actor, market.feed, 1 + answer * draw(st.integers(970, 1030)) // 1000
            )
        case 13:
            return UpdateAnswer(actor, market.feed, answer)
        case _:
            return UpdateAnswer(actor, market.feed, max(pools, 1))


# ---------------------------------------------------------------------------------------- drawn


def _rarely(draw: Draw) -> bool:
    return bool(draw(st.integers(0, 15)) == 7)


def _amounts(mark: int, held: int) -> st.SearchStrategy[int]:
    """A share of what margin suffices for, about what is held, tiny, or absurd."""
    some = st.integers(1, 1010).map(lambda part: max(1, mark * part // 1000))
    most = st.integers(850, 990).map(lambda part: max(1, mark * part // 1000))
    around = st.sampled_from((held, held + 1, max(held - 1, 0), 2 * held, held // 2))
    odd = st.sampled_from((0, 1, 9, 10, 11, 1000, 2**96, 2**128, 2**255 - 1, 2**255, UINT256_MAX))
    return st.one_of(most, some, most, some, around, odd)


def _limits(price: int) -> st.SearchStrategy[int]:
    """Square-root prices on either side of the price, far and near, and such as there are none."""
    near = st.integers(900, 1100).map(lambda part: price * part // 1000)
    far = (1, MIN_SQRT_PRICE, MIN_SQRT_PRICE + 1, MAX_SQRT_PRICE - 1, MAX_SQRT_PRICE)
    return st.one_of(near, near, st.sampled_from((*far, price, price + 1, 2**160 - 1, 2**160)))


def _bounds(terms: PositionQuote | None, *, is_wanted_base: bool) -> st.SearchStrategy[int]:
    if terms is None:
        return st.sampled_from((0, 1))
    there = abs(terms.size if is_wanted_base else terms.quote)
    return st.sampled_from((0, 0, 0, there, there, there + 1, max(there - 1, 0), UINT256_MAX))


def _deadlines(states: States) -> st.SearchStrategy[Timestamp]:
    now = states.timestamp
    return st.sampled_from((*(FOREVER,) * 14, now, Timestamp(now - 1)))
