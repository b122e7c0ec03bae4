"""Where an action shows in its actor's book: the places that it touches, and which way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from trimtab.core.actions import (
    ALL,
    Action,
    AddLiquidity,
    Borrow,
    ClaimWithdrawal,
    ClosePosition,
    Collect,
    Liquidity,
    MintShares,
    OpenPosition,
    Quantity,
    RedeemShares,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    RequestWithdrawal,
    Stake,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
    Withdraw,
)
from trimtab.core.market import QUEUE, MarketId, Place, pooled, uncollected, wallet
from trimtab.core.settlement import Flow
from trimtab.core.token import Address, Token
from trimtab.protocols.perpetual import Perpetual

ShareAction = MintShares | RedeemShares | Stake | RequestWithdrawal | ClaimWithdrawal
Conversion = Supply | Withdraw | Borrow | Repay | ShareAction


@dataclass(frozen=True, slots=True)
class Leg:
    """A place that an action touches: which way, how much at most, and whether exactly so.

    The sign is 0 where it may go either way.
    """

    place: Place
    sign: int
    most: int | None = None
    is_exact: bool = False

    def fits(self, flow: Flow) -> bool:
        """Whether the flow can be this leg."""
        if self.sign == 0:
            return flow.place == self.place
        size = flow.raw * self.sign
        if flow.place != self.place or flow.shares * self.sign <= 0 or size < 0:
            return False
        if self.most is None:
            return True
        return size == self.most if self.is_exact else size <= self.most


def legs_of(action: Action) -> tuple[Leg, ...]:
    """Where an action shows in its actor's book.

    A swap may stop short of its whole amount when the pool runs out of liquidity, and a lending
    pool takes no more than is owed; every other named amount is exact.
    """
    match action:
        case Transfer():
            given = Leg(wallet(action.token), -1, action.amount, is_exact=True)
            return () if is_own(action) else (given,)
        case Supply():
            given = Leg(wallet(action.token), -1, action.amount, is_exact=True)
            return _kept(action, given, Leg(Place(action.market, action.token), +1))
        case Withdraw():
            received = Leg(wallet(action.token), +1, *_bound(action.amount))
            # What a position realised becomes margin when some of that is withdrawn.
            sign = 0 if turns(action) else -1
            return _kept(action, Leg(Place(action.market, action.token), sign), received)
        case Borrow():
            received = Leg(wallet(action.token), +1, action.amount, is_exact=True)
            return (Leg(_owed(action), -1), received)
        case Repay():
            given = Leg(wallet(action.token), -1, _bound(action.amount)[0])
            return _kept(action, given, Leg(_owed(action), +1))
        case Swap():
            given = Leg(wallet(action.token_in), -1, action.amount_in)
            return _kept(action, given, Leg(wallet(action.token_out), +1))
        case SwapExactOut():
            given = Leg(wallet(action.token_in), -1, action.max_in)
            return _kept(action, given, Leg(wallet(action.token_out), +1, action.amount_out))
        case AddLiquidity() | RemoveLiquidity() | RemoveLiquidityOne() | Collect():
            return _poollegs_of(action)
        case MintShares() | RedeemShares() | Stake() | RequestWithdrawal() | ClaimWithdrawal():
            return _sharelegs_of(action)
        case _:
            return ()


def _sharelegs_of(action: ShareAction) -> tuple[Leg, ...]:
    """Shares one way, tokens, or a place in a queue, the other.

    Shares of a stake are a token of their own; those of a vault are counted in the vault's.
    """
    shares, tokens = Place(action.market, action.token), wallet(action.token)
    if isinstance(action, Stake | RequestWithdrawal):
        shares = share_place(action.market)
    queue = Place(action.market, action.token, QUEUE)
    match action:
        case MintShares():
            return _kept(action, Leg(tokens, -1), Leg(shares, +1))
        case RedeemShares():
            return _kept(action, Leg(shares, -1), Leg(tokens, +1))
        case Stake():
            return (Leg(tokens, -1, action.amount, is_exact=True), Leg(shares, +1))
        case RequestWithdrawal():
            return (Leg(shares, -1), Leg(queue, +1))
        case ClaimWithdrawal():
            return (Leg(queue, -1), Leg(tokens, +1))


def share_place(market: MarketId) -> Place:
    """Where the shares lie that a contract issues itself: in the account, as any token."""
    protocol, chain, address = market.split(":")
    return wallet(Token(int(chain), Address(address), 0, "shares", protocol))


def _poollegs_of(action: Liquidity) -> tuple[Leg, ...]:
    """Liquidity one way, tokens the other; a pool's logs may bring either first."""
    ticks = () if isinstance(action, RemoveLiquidityOne) else action.ticks
    liquidity = [pooled(action.market, token, ticks) for token in action.tokens]
    owed = [uncollected(action.market, token, ticks) for token in action.tokens if ticks]
    match action:
        case AddLiquidity():
            paid = zip(action.tokens, action.amounts, strict=True)
            given = [Leg(wallet(token), -1, most) for token, most in paid]
            return (*given, *(Leg(place, 0) for place in (*liquidity, *owed)))
        case RemoveLiquidity() | RemoveLiquidityOne():
            out = [wallet(token) for token in action.tokens if not ticks and is_own(action)]
            taken = [Leg(place, 0) for place in (*liquidity, *owed)]
            return (*taken, *(Leg(place, +1) for place in out))
        case Collect():
            out = [wallet(token) for token in action.tokens if is_own(action)]
            return (*(Leg(place, 0) for place in owed), *(Leg(place, +1) for place in out))


def _kept(action: Action, given: Leg, received: Leg) -> tuple[Leg, ...]:
    return (given, received) if is_own(action) else (given,)


def is_own(action: Action) -> bool:
    """Whether what the action brings comes to its actor's own book."""
    match action:
        case Transfer() | Withdraw() | RedeemShares():
            return action.to == action.actor
        case Supply() | Borrow() | Repay() | MintShares():
            return action.on_behalf_of == action.actor
        case Swap() | SwapExactOut() | RemoveLiquidityOne() | Collect():
            return action.recipient == action.actor
        case RemoveLiquidity():
            return bool(action.ticks) or action.recipient == action.actor
        case _:
            return True


def turns(action: Action) -> TypeGuard[OpenPosition | ClosePosition | Withdraw]:
    """Whether the action can change what a position at a perpetual is worth."""
    match action:
        case OpenPosition() | ClosePosition():
            return True
        case Withdraw():
            return action.market.partition(":")[0] == Perpetual.protocol
        case _:
            return False


def _bound(amount: Quantity) -> tuple[int | None, bool]:
    """The most that the quantity allows, and whether it is exactly that."""
    return (None, False) if amount is ALL else (amount, True)


def _owed(action: Borrow | Repay) -> Place:
    return Place(action.market, action.token, "debt")
