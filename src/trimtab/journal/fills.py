"""Which action of a plan each flow of its transaction belongs to.

An account's transaction performs a plan's actions one after the other, so its flows, in the order
of their logs, fall into consecutive runs, one per action. An action touches each of its places
once and in one direction; which of the logs comes first is the contract's business. What lies in
pools moves once in a transaction, whatever its actions are, and is told by the first that can
have moved it. What fits no action is left over, and nothing may be left over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from trimtab.core.actions import (
    ALL,
    Action,
    AddLiquidity,
    Approve,
    Borrow,
    Collect,
    Liquidity,
    Quantity,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core.market import Place, pooled, uncollected, wallet
from trimtab.core.settlement import Flow
from trimtab.core.token import Token

MOST_READINGS = 3**7
"""How many ways of dividing a transaction's flows are tried: all of them, of seven collects."""


@dataclass(frozen=True, slots=True)
class Traded:
    """A swap's fill: what went in and what came out, in base units; nothing came where it is 0."""

    swap: Swap | SwapExactOut
    raw_in: int
    raw_out: int


@dataclass(frozen=True, slots=True)
class Converted:
    """Tokens that became shares of a lending pool or the reverse.

    `gained` is the change of the book's worth in base units of the token: what rounding gave.
    """

    action: Supply | Withdraw | Borrow | Repay
    gained: int


@dataclass(frozen=True, slots=True)
class Paid:
    """Capital that an action of ours handed to another account, as the flow that tells of it."""

    action: Action
    flow: Flow


@dataclass(frozen=True, slots=True)
class Pooled:
    """Tokens that became liquidity of a pool or the reverse, or were collected from it.

    `gained` is the change of the book, token by token in base units: a pool may take one token
    and give a part in each of its own, and it rounds.
    """

    action: Liquidity
    gained: Mapping[Token, int]


Fill = Traded | Converted | Pooled | Paid


@dataclass(frozen=True, slots=True)
class Matched:
    """What a plan's actions did, and the flows of its transaction that none of them explains."""

    fills: tuple[Fill, ...]
    left_over: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class _Leg:
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


def match(actions: Iterable[Action], flows: Sequence[Flow]) -> Matched:
    """The fills of a plan's actions from the flows of its one transaction, in log order.

    What is collected may be of one token alone, and then the next action can begin with the other
    one. So each may take less than it could, where nothing is left over by that.
    """
    actions = tuple(actions)
    greedy = _matched(actions, flows, {})
    collects = [at for at, action in enumerate(actions) if isinstance(action, Collect)]
    if not (greedy.left_over and collects):
        return greedy
    takes = islice(product((2, 1, 0), repeat=len(collects)), MOST_READINGS)
    every = (_matched(actions, flows, dict(zip(collects, most, strict=True))) for most in takes)
    return next((found for found in every if not found.left_over), greedy)


def _matched(actions: Sequence[Action], flows: Sequence[Flow], most: Mapping[int, int]) -> Matched:
    """The fills where each action takes all that fits, but for those told how many at most."""
    waiting = [flow for flow in flows if flow.place.is_simple]
    in_pools = {flow.place: flow for flow in flows if not flow.place.is_simple}
    fills: list[Fill] = []
    left_over: list[Flow] = []
    for at, action in enumerate(actions):
        legs = {leg.place: leg for leg in _legs(action)}
        taken: dict[Place, Flow] = {}
        while waiting and len(taken) < most.get(at, len(legs)) and _takes(legs, taken, waiting[0]):
            flow = waiting.pop(0)
            taken[flow.place] = flow
        for place in [place for place in in_pools if place in legs]:
            if legs[place].fits(in_pools[place]):
                taken[place] = in_pools.pop(place)
        filled = _fills(action, taken)
        fills += filled
        if not filled:
            left_over += taken.values()
    return Matched(tuple(fills), (*left_over, *waiting, *in_pools.values()))


def _takes(legs: dict[Place, _Leg], taken: dict[Place, Flow], flow: Flow) -> bool:
    leg = legs.get(flow.place)
    return leg is not None and flow.place not in taken and leg.fits(flow)


def _legs(action: Action) -> tuple[_Leg, ...]:
    """Where an action shows in its actor's book.

    A swap may stop short of its whole amount when the pool runs out of liquidity, and a lending
    pool takes no more than is owed; every other named amount is exact.
    """
    match action:
        case Transfer():
            given = _Leg(wallet(action.token), -1, action.amount, is_exact=True)
            return () if _is_own(action) else (given,)
        case Supply():
            given = _Leg(wallet(action.token), -1, action.amount, is_exact=True)
            return _kept(action, given, _Leg(Place(action.market, action.token), +1))
        case Withdraw():
            received = _Leg(wallet(action.token), +1, *_bound(action.amount))
            return _kept(action, _Leg(Place(action.market, action.token), -1), received)
        case Borrow():
            received = _Leg(wallet(action.token), +1, action.amount, is_exact=True)
            return (_Leg(_owed(action), -1), received)
        case Repay():
            given = _Leg(wallet(action.token), -1, _bound(action.amount)[0])
            return _kept(action, given, _Leg(_owed(action), +1))
        case Swap():
            given = _Leg(wallet(action.token_in), -1, action.amount_in)
            return _kept(action, given, _Leg(wallet(action.token_out), +1))
        case SwapExactOut():
            given = _Leg(wallet(action.token_in), -1, action.max_in)
            return _kept(action, given, _Leg(wallet(action.token_out), +1, action.amount_out))
        case AddLiquidity() | RemoveLiquidity() | RemoveLiquidityOne() | Collect():
            return _pool_legs(action)
        case Approve() | UpdateAnswer():
            return ()


def _pool_legs(action: Liquidity) -> tuple[_Leg, ...]:
    """Liquidity one way, tokens the other; a pool's logs may bring either first."""
    ticks = () if isinstance(action, RemoveLiquidityOne) else action.ticks
    liquidity = [pooled(action.market, token, ticks) for token in action.tokens]
    owed = [uncollected(action.market, token, ticks) for token in action.tokens if ticks]
    match action:
        case AddLiquidity():
            paid = zip(action.tokens, action.amounts, strict=True)
            given = [_Leg(wallet(token), -1, most) for token, most in paid]
            return (*given, *(_Leg(place, 0) for place in (*liquidity, *owed)))
        case RemoveLiquidity() | RemoveLiquidityOne():
            out = [wallet(token) for token in action.tokens if not ticks and _is_own(action)]
            taken = [_Leg(place, 0) for place in (*liquidity, *owed)]
            return (*taken, *(_Leg(place, +1) for place in out))
        case Collect():
            out = [wallet(token) for token in action.tokens if _is_own(action)]
            return (*(_Leg(place, 0) for place in owed), *(_Leg(place, +1) for place in out))


def _kept(action: Action, given: _Leg, received: _Leg) -> tuple[_Leg, ...]:
    return (given, received) if _is_own(action) else (given,)


def _is_own(action: Action) -> bool:
    """Whether what the action brings comes to its actor's own book."""
    match action:
        case Transfer() | Withdraw():
            return action.to == action.actor
        case Supply() | Repay():
            return action.on_behalf_of == action.actor
        case Swap() | SwapExactOut() | RemoveLiquidityOne() | Collect():
            return action.recipient == action.actor
        case RemoveLiquidity():
            return bool(action.ticks) or action.recipient == action.actor
        case Borrow() | AddLiquidity() | Approve() | UpdateAnswer():
            return True


def _bound(amount: Quantity) -> tuple[int | None, bool]:
    """The most that the quantity allows, and whether it is exactly that."""
    return (None, False) if amount is ALL else (amount, True)


def _owed(action: Borrow | Repay) -> Place:
    return Place(action.market, action.token, "debt")


def _fills(action: Action, taken: dict[Place, Flow]) -> tuple[Fill, ...]:
    """What the action did, or nothing where the flows that it took do not make a whole of it."""
    if not _is_own(action):
        return tuple(Paid(action, flow) for flow in taken.values())
    match action:
        case Swap() | SwapExactOut():
            return _trade(action, taken)
        case AddLiquidity() | RemoveLiquidity() | RemoveLiquidityOne() | Collect():
            return _pool_fill(action, taken)
        case Supply() | Withdraw() | Borrow() | Repay():
            return _conversion(action, taken)
        case Transfer() | Approve() | UpdateAnswer():
            return ()


def _trade(swap: Swap | SwapExactOut, taken: dict[Place, Flow]) -> tuple[Fill, ...]:
    paid, got = taken.get(wallet(swap.token_in)), taken.get(wallet(swap.token_out))
    raw_out = 0 if got is None else got.raw
    least = swap.min_out if isinstance(swap, Swap) else 0 if swap.limit else swap.amount_out
    if paid is None or raw_out < least:
        return ()
    return (Traded(swap, -paid.raw, raw_out),)


def _pool_fill(action: Liquidity, taken: dict[Place, Flow]) -> tuple[Fill, ...]:
    """The net change by token."""
    gained: dict[Token, int] = {}
    for place, flow in taken.items():
        gained[place.token] = gained.get(place.token, 0) + flow.raw
    return (Pooled(action, gained),) if taken else ()


def _conversion(
    action: Supply | Withdraw | Borrow | Repay, taken: dict[Place, Flow]
) -> tuple[Fill, ...]:
    tokens = wallet(action.token)
    positions = [flow for place, flow in taken.items() if place != tokens]
    if tokens not in taken or not positions:
        return ()
    gained = taken[tokens].raw + positions[0].raw
    return (Converted(action, gained),) if _is_rounding(gained, positions[0]) else ()


def _is_rounding(gained: int, position: Flow) -> bool:
    """Whether `gained` can come from rounding alone.

    With s shares worth i each, a contract rounds the shares by less than one, which is worth
    less than i; the position's worth before and after is rounded by less than one in sum where
    both are rounded alike. So |gained| < i + 1, and i < (|raw| + 1) / |s| for the same reason.
    """
    excess = (abs(gained) - 1) * abs(position.shares)
    return excess < abs(position.raw) + 1
