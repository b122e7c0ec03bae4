"""Which action of a plan each flow of its transaction belongs to.

An account's transaction performs a plan's actions one after the other, so its flows, in the order
of their logs, fall into consecutive runs, one per action. An action touches each of its places
once and in one direction; which of the logs comes first is the contract's business. What lies in
pools moves once in a transaction, whatever its actions are, and is told by the first that can
have moved it; so does what a position at a perpetual is worth. What fits no action is left over,
and nothing may be left over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from trimtab.core.actions import (
    ALL,
    Action,
    AddLiquidity,
    Borrow,
    ClaimWithdrawal,
    ClosePosition,
    Collect,
    EnterLoop,
    LeaveLoop,
    Liquidity,
    MintShares,
    OpenPosition,
    RedeemShares,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    RequestWithdrawal,
    Stake,
    Supply,
    Swap,
    SwapExactOut,
    Withdraw,
)
from trimtab.core.market import Place, wallet
from trimtab.core.settlement import Flow
from trimtab.core.token import Token
from trimtab.journal.legs import Conversion, Leg, is_own, legs_of, turns
from trimtab.journal.loops import Looped, looped, take_loop

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
    """Tokens that became shares of a lender, a vault or a stake, or the reverse.

    `gained` is the change of the book's worth in base units of the token: what rounding gave.
    """

    action: Conversion
    gained: int


@dataclass(frozen=True, slots=True)
class Paid:
    """Capital that an action of ours handed to another account, as the flow that tells of it."""

    action: Action
    flow: Flow


@dataclass(frozen=True, slots=True)
class Pooled:
    """Tokens that became liquidity of a pool or the reverse, or were collected from it.

    Or that became shares of a stake, and shares that were given back for a place in its queue.

    `gained` is the change of the book, token by token in base units: a pool may take one token
    and give a part in each of its own, and it rounds.
    """

    action: Liquidity | Stake | RequestWithdrawal
    gained: Mapping[Token, int]


@dataclass(frozen=True, slots=True)
class Turned:
    """A trade of a position at a perpetual, or margin withdrawn after one.

    `size` is the change of the position in units of 10**-18, `gained` that of the book's worth in
    base units of `token`, which the perpetual settles in: of a plan that closes a position and
    withdraws its margin only their sum has a meaning.
    """

    action: OpenPosition | ClosePosition | Withdraw
    token: Token
    size: int
    gained: int


Fill = Traded | Converted | Pooled | Paid | Turned | Looped


@dataclass(frozen=True, slots=True)
class Matched:
    """What a plan's actions did, and the flows of its transaction that none of them explains."""

    fills: tuple[Fill, ...]
    left_over: tuple[Flow, ...]


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
    turned = {flow.place.market for flow in flows if flow.place.is_position}
    fills: list[Fill] = []
    left_over: list[Flow] = []
    for at, action in enumerate(actions):
        if isinstance(action, EnterLoop | LeaveLoop):
            flows_of_loop = take_loop(action, waiting, actions[at + 1 :])
            made = looped(action, flows_of_loop)
            fills += made
            left_over += () if made else flows_of_loop
            continue
        legs = {leg.place: leg for leg in legs_of(action)}
        taken: dict[Place, Flow] = {}
        while waiting and len(taken) < most.get(at, len(legs)) and _takes(legs, taken, waiting[0]):
            flow = waiting.pop(0)
            taken[flow.place] = flow
        for place in [place for place in in_pools if place in legs]:
            if legs[place].fits(in_pools[place]):
                taken[place] = in_pools.pop(place)
        if turns(action) and action.market in turned:
            for place in [p for p in in_pools if p.is_position and p.market == action.market]:
                taken[place] = in_pools.pop(place)
            filled: tuple[Fill, ...] = _turned(action, taken)
        else:
            filled = _fills(action, taken)
        fills += filled
        if not filled:
            left_over += taken.values()
    return Matched(tuple(fills), (*left_over, *waiting, *in_pools.values()))


def _takes(legs: dict[Place, Leg], taken: dict[Place, Flow], flow: Flow) -> bool:
    leg = legs.get(flow.place)
    return leg is not None and flow.place not in taken and leg.fits(flow)


def _fills(action: Action, taken: dict[Place, Flow]) -> tuple[Fill, ...]:
    """What the action did, or nothing where the flows that it took do not make a whole of it."""
    if not is_own(action):
        return tuple(Paid(action, flow) for flow in taken.values())
    match action:
        case Swap() | SwapExactOut():
            return _trade(action, taken)
        case AddLiquidity() | RemoveLiquidity() | RemoveLiquidityOne() | Collect():
            return _pool_fill(action, taken)
        case Supply() | Withdraw() | Borrow() | Repay() | MintShares() | RedeemShares():
            return _conversion(action, taken)
        case Stake() | RequestWithdrawal():
            return _pool_fill(action, taken) if len(taken) == 2 else ()
        case ClaimWithdrawal():
            return _conversion(action, taken)
        case _:
            return ()


def _trade(swap: Swap | SwapExactOut, taken: dict[Place, Flow]) -> tuple[Fill, ...]:
    paid, got = taken.get(wallet(swap.token_in)), taken.get(wallet(swap.token_out))
    raw_out = 0 if got is None else got.raw
    least = swap.min_out if isinstance(swap, Swap) else 0 if swap.limit else swap.amount_out
    if paid is None or raw_out < least:
        return ()
    return (Traded(swap, -paid.raw, raw_out),)


def _pool_fill(
    action: Liquidity | Stake | RequestWithdrawal, taken: dict[Place, Flow]
) -> tuple[Fill, ...]:
    """The net change by token."""
    gained: dict[Token, int] = {}
    for place, flow in taken.items():
        gained[place.token] = gained.get(place.token, 0) + flow.raw
    return (Pooled(action, gained),) if taken else ()


def _turned(
    action: OpenPosition | ClosePosition | Withdraw, taken: dict[Place, Flow]
) -> tuple[Fill, ...]:
    """What a trade of a position cost, or what the margin withdrawn in the same plan adds to it."""
    if not taken:
        return ()
    is_named = isinstance(action, Withdraw) and action.amount not in (ALL, 0)
    if is_named and not any(place == wallet(place.token) for place in taken):
        return ()
    size = sum(flow.shares for place, flow in taken.items() if place.is_position)
    token = next(iter(taken)).token
    return (Turned(action, token, size, sum(flow.raw for flow in taken.values())),)


def _conversion(action: Conversion, taken: dict[Place, Flow]) -> tuple[Fill, ...]:
    shares = [flow for place, flow in taken.items() if place != wallet(action.token)]
    if len(taken) < 2 or not shares:
        return ()
    gained = sum(flow.raw for flow in taken.values())
    return (Converted(action, gained),) if _is_rounding(gained, shares[0]) else ()


def _is_rounding(gained: int, position: Flow) -> bool:
    """Whether `gained` can come from rounding alone.

    With s shares worth i each, a contract rounds the shares by less than one, which is worth
    less than i; the position's worth before and after is rounded by less than one in sum where
    both are rounded alike. So |gained| < i + 1, and i < (|raw| + 1) / |s| for the same reason.
    """
    excess = (abs(gained) - 1) * abs(position.shares)
    return excess < abs(position.raw) + 1
