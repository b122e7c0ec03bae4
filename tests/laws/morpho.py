"""Drawn actions at isolated lending markets: sums on and around every edge that one has."""

from collections.abc import Callable, Mapping
from typing import cast

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    Delegate,
    Liquidate,
    Quantity,
    Repay,
    Supply,
    Transfer,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core.errors import PriceDisagreement
from trimtab.core.market import token_market
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.lab.world.credit_world import CREDIT_WORLD
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.morpho import (
    LendingMarket,
    MorphoState,
    OracleState,
    Position,
    borrowable,
    health_factor,
    liquidity,
    owed,
    supplied,
    withdrawable,
)

UNSEEN = Address("0x00000000000000000000000000000000000A11cE")
"""An account that nobody tracks."""

LONGEST_WAIT = 3 * 365 * 24 * 3600
VERBS = ("supply", "withdraw", "collateral", "uncollateral", "borrow", "repay", "liquidate")
KINDS = (
    *VERBS * 3,
    *("borrow",) * 4,
    *("liquidate",) * 3,
    "price",
    "price",
    "delegate",
    "donation",
)
NEEDED = {
    "withdraw": ("supply_shares", "supply"),
    "uncollateral": ("collateral", "collateral"),
    "borrow": ("collateral", "collateral"),
    "repay": ("borrow_shares", "borrow"),
    "liquidate": ("borrow_shares", "borrow"),
}
"""What somebody has to have for a kind, and the kind that is drawn instead where nobody has."""

Owners = tuple[Address, ...]


def actions(draw: Draw, states: States, owners: Owners) -> Action:
    """Mostly a verb of one of the markets; else what is around them."""
    markets = [each for each in states.markets.values() if isinstance(each, LendingMarket)]
    owing = [each for each in markets if _owes_anybody(states, each, owners)]
    market = draw(st.sampled_from(owing if owing and draw(st.booleans()) else markets))
    kind = draw(st.sampled_from(KINDS))
    while kind in NEEDED and not _rarely(draw):
        side, instead = NEEDED[kind]
        if any(getattr(states[market].position(owner), side) for owner in owners):
            break
        kind = instead
    beyond = _beyond(states, owners)
    if beyond and draw(st.booleans()):
        return _liquidate_one(draw, states, draw(st.sampled_from(beyond)), owners)
    return _DRAWN[kind](draw, states, market, owners)


PORT = Port(
    "morpho",
    actions,
    ("Supply", "Withdraw", "Borrow", "Repay", "Delegate", "Liquidate"),
    LONGEST_WAIT,
    ("erc20", "morpho"),
    CREDIT_WORLD,
)


# --------------------------------------------------------------------------------------- verbs


def _supply_loan(draw: Draw, states: States, market: LendingMarket, owners: Owners) -> Action:
    return _supply(draw, states, market, market.loan, owners)


def _supply_collateral(draw: Draw, states: States, market: LendingMarket, owners: Owners) -> Action:
    return _supply(draw, states, market, market.collateral, owners)


def _supply(
    draw: Draw, states: States, market: LendingMarket, token: Token, owners: Owners
) -> Action:
    actor = draw(st.sampled_from(owners))
    if approval := _approval(draw, states, market, actor, token):
        return approval
    wallet, allowed = _wallet(states, actor, token), _allowance(states, market, actor, token)
    # A share of the wallet leaves room for others; small markets move much by it.
    amount = _amount(draw, wallet // 20, wallet // 500, min(wallet, allowed), wallet)
    on_behalf_of = draw(st.sampled_from((*((actor,) * 4), *owners, UNSEEN, ZERO_ADDRESS)))
    return Supply(actor, market.id, token, amount, on_behalf_of)


def _withdraw(draw: Draw, states: States, market: LendingMarket, owners: Owners) -> Action:
    actor = _someone(draw, states, market, owners, "supply_shares")
    worth = supplied(states[market], actor)
    quantity = _quantity(draw, worth, worth, liquidity(states, market))
    return Withdraw(actor, market.id, market.loan, quantity, _receiver(draw, market, actor, owners))


def _withdraw_collateral(
    draw: Draw, states: States, market: LendingMarket, owners: Owners
) -> Action:
    actor = _someone(draw, states, market, owners, "collateral")
    held = states[market].position(actor).collateral
    quantity = _quantity(draw, held, _withdrawable(states, market, actor))
    to = _receiver(draw, market, actor, owners)
    return Withdraw(actor, market.id, market.collateral, quantity, to)


def _borrow(draw: Draw, states: States, market: LendingMarket, owners: Owners) -> Action:
    owner = _someone(draw, states, market, owners, "collateral")
    others = [
        each
        for each in owners
        if cast(MorphoState, states.state(market.contract)).is_authorised(owner, each)
    ]
    actor = draw(st.sampled_from((*((owner,) * 6), *others * 3, *owners)))
    covered = _borrowable(states, market, owner)
    amount = _amount(draw, covered, covered, liquidity(states, market))
    return Borrow(actor, market.id, market.loan, amount, owner)


def _repay(draw: Draw, states: States, market: LendingMarket, owners: Owners) -> Action:
    owner = _someone(draw, states, market, owners, "borrow_shares")
    actor = draw(st.sampled_from((owner, *owners)))
    if approval := _approval(draw, states, market, actor, market.loan):
        return approval
    debt = owed(states[market], owner)
    quantity = _quantity(draw, debt, debt, _wallet(states, actor, market.loan))
    on_behalf_of = ZERO_ADDRESS if draw(st.integers(0, 40)) == 40 else owner
    return Repay(actor, market.id, market.loan, quantity, on_behalf_of)


def _liquidate(draw: Draw, states: States, market: LendingMarket, owners: Owners) -> Action:
    """Mostly a price at which somebody is about to be liquidated; else of anybody."""
    owner = _someone(draw, states, market, owners, "borrow_shares")
    if states[market].position(owner).borrow_shares and draw(st.integers(0, 3)):
        return _fall(draw, states, market, owner)
    return _liquidate_one(draw, states, (market, owner), owners)


def _owes_anybody(states: States, market: LendingMarket, owners: Owners) -> bool:
    return any(states[market].position(owner).borrow_shares for owner in owners)


def _beyond(states: States, owners: Owners) -> list[tuple[LendingMarket, Address]]:
    """Who can be liquidated, and where."""
    return [
        (market, owner)
        for market in states.markets.values()
        if isinstance(market, LendingMarket)
        for owner in owners
        if _is_beyond(states, market, owner)
    ]


def _liquidate_one(
    draw: Draw, states: States, whose: tuple[LendingMarket, Address], owners: Owners
) -> Action:
    market, owner = whose
    actor = draw(st.sampled_from(owners))
    if approval := _approval(draw, states, market, actor, market.loan):
        return approval
    position = states[market].position(owner)
    seized, debt = 0, cast(Quantity, 0)
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2 | 3:
            seized = _amount(draw, position.collateral)
        case 4:
            seized = position.collateral
        case 9:
            seized, debt = _amount(draw, position.collateral), _amount(draw, 10)
        case _:
            debt = _quantity(draw, position.borrow_shares)
    return Liquidate(
        actor, market.id, owner, market.collateral, market.loan, debt=debt, seized=seized
    )


# -------------------------------------------------------------------------------------- others


def _approval(
    draw: Draw, states: States, market: LendingMarket, actor: Address, token: Token
) -> Action | None:
    """Mostly an approval where there is none, of everything or of about what the actor has."""
    if _allowance(states, market, actor, token) or _rarely(draw):
        return None
    wallet = _wallet(states, actor, token)
    allowed = draw(st.sampled_from((*(UINT256_MAX,) * 7, wallet // 2 + 1)))
    return Approve(actor, token_market(token), token, market.address, allowed)


def _delegate(draw: Draw, states: States, market: LendingMarket, owners: Owners) -> Action:
    actor, to = draw(st.sampled_from(owners)), draw(st.sampled_from(owners))
    amount = draw(st.sampled_from((0, UINT256_MAX)))
    return Delegate(actor, market.id, market.loan, market.address if to == actor else to, amount)


def _donation(draw: Draw, states: States, market: LendingMarket, owners: Owners) -> Action:
    actor = draw(st.sampled_from(owners))
    token = draw(st.sampled_from((market.loan, market.collateral)))
    amount = _amount(draw, _wallet(states, actor, token) // 100)
    return Transfer(actor, token_market(token), token, market.address, amount)


def _price(draw: Draw, states: States, market: LendingMarket, owners: Owners) -> Action:
    """A price that moves by up to a half or a double, comes back from folly, or goes there."""
    actor = draw(st.sampled_from(owners))
    price = _answer(states, market)
    usual = 10 ** (36 + market.loan.decimals - market.collateral.decimals)
    if not usual // 10**4 < price < usual * 10**8:
        return UpdateAnswer(actor, market.price, usual * draw(st.integers(5, 50_000)))
    if draw(st.integers(0, 5)) == 5:
        folly = draw(st.sampled_from((0, 1, 10**36, 2**128, 2**200, 2**255, UINT256_MAX)))
        return UpdateAnswer(actor, market.price, folly)
    return UpdateAnswer(actor, market.price, 1 + price * draw(st.integers(700, 1400)) // 1000)


def _fall(draw: Draw, states: States, market: LendingMarket, owner: Address) -> Action:
    """A price at which the owner stands just within the limit, just beyond it, or far beyond."""
    try:
        factor = health_factor(states, market, owner) or 1
    except PriceDisagreement:
        factor = 1
    at_limit = int(_answer(states, market) / factor) if factor else 0
    part = draw(st.sampled_from((1001, 1000, 999, 950, 850, 500, 10)))
    price = max(at_limit * part // 1000 + draw(st.integers(-1, 1)), 0)
    return UpdateAnswer(owner, market.price, min(price, UINT256_MAX))


def _receiver(draw: Draw, market: LendingMarket, actor: Address, owners: Owners) -> Address:
    others = (*owners, UNSEEN, ZERO_ADDRESS, market.address)
    return cast(Address, draw(st.sampled_from((*((actor,) * 8), *others))))


_DRAWN: Mapping[str, Callable[[Draw, States, LendingMarket, Owners], Action]] = {
    "supply": _supply_loan,
    "withdraw": _withdraw,
    "collateral": _supply_collateral,
    "uncollateral": _withdraw_collateral,
    "borrow": _borrow,
    "repay": _repay,
    "liquidate": _liquidate,
    "price": _price,
    "delegate": _delegate,
    "donation": _donation,
}

# --------------------------------------------------------------------------------------- drawn


def _someone(
    draw: Draw, states: States, market: LendingMarket, owners: Owners, side: str
) -> Address:
    """Somebody who has something of a side; rarely, or where nobody has, anybody."""
    having = [owner for owner in owners if getattr(states[market].position(owner), side)]
    return cast(Address, draw(st.sampled_from(owners if _rarely(draw) or not having else having)))


def _rarely(draw: Draw) -> bool:
    """True one time in sixteen."""
    return bool(draw(st.integers(0, 15)) == 15)


def _quantity(draw: Draw, *marks: int) -> Quantity:
    return _amount(draw, *marks) if draw(st.integers(0, 4)) else ALL


def _amount(draw: Draw, *marks: int) -> int:
    """Base units: a share of a mark, close to it, somewhat above it, tiny or absurd."""
    mark = draw(st.sampled_from([mark for mark in marks if mark > 0] or [10**6]))
    match draw(st.integers(0, 11)):
        case 0 | 1 | 2 | 3 | 4:
            return max(1, int(mark * draw(st.integers(1, 1000)) // 1000))
        case 5 | 6 | 7 | 8:
            return max(0, int(mark + draw(st.integers(-2, 2))))
        case 9:
            return int(mark * draw(st.integers(10, 40)) // 10)
        case 10:
            return int(draw(st.integers(0, 10)))
        case _:
            absurd = (0, 1, 2**128 - 1, 2**128, 2**160, 2**255, UINT256_MAX)
            return int(draw(st.sampled_from(absurd)))


def _wallet(states: States, holder: Address, token: Token) -> int:
    return cast(Erc20State, states.state(token_market(token))).balance(holder)


def _allowance(states: States, market: LendingMarket, owner: Address, token: Token) -> int:
    state = cast(Erc20State, states.state(token_market(token)))
    return state.allowance(owner, market.address)


def _answer(states: States, market: LendingMarket) -> int:
    return cast(OracleState, states.state(market.price)).price


def _borrowable(states: States, market: LendingMarket, owner: Address) -> int:
    try:
        return borrowable(states, market, owner)
    except PriceDisagreement:
        return 0


def _withdrawable(states: States, market: LendingMarket, owner: Address) -> int:
    try:
        return withdrawable(states, market, owner, market.collateral)
    except PriceDisagreement:
        return 0


def _is_beyond(states: States, market: LendingMarket, owner: Address) -> bool:
    position: Position = states[market].position(owner)
    if not position.borrow_shares:
        return False
    try:
        factor = health_factor(states, market, owner)
    except PriceDisagreement:
        return False
    return factor is not None and factor < 1
