"""Drawn actions on pairs: nothing, dust, all of it and one unit around it, and what overflows."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.market import token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.uniswap_v2 import Pair, PairState
from trimtab.protocols.uniswap_v2.market import UINT112_MAX
from trimtab.protocols.uniswap_v2.model.checked import RevertError
from trimtab.protocols.uniswap_v2.model.library import Sides, get_amount_in, get_amount_out, sides
from trimtab.protocols.uniswap_v2.model.pair import protocol_shares

FOREVER = Timestamp(2**40)
STRANGER = Address("0x" + "5" * 40)

Scene = tuple[States, Pair, Address, tuple[Address, ...]]
"""The states, the pair at hand, who acts, and all who may."""


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """Something with any pair; mostly by an actor whom the router may charge."""
    pairs = [market for market in states.markets.values() if isinstance(market, Pair)]
    scene = states, draw(st.sampled_from(pairs)), draw(st.sampled_from(owners)), owners
    # Draws are compared with the middle of their range: Hypothesis favours the ends.
    asked: Kind = draw(st.sampled_from(_KINDS))
    owns = states[scene[1]].shares.balance(scene[2])
    if asked is _remove and not owns and draw(st.integers(0, 8)) != 4:
        asked = _add
    missing = _missing_approval(draw, scene, asked)
    if missing is not None and draw(st.integers(0, 8)) != 4:
        return missing
    return asked(draw, scene)


# -------------------------------------------------------------------------------------- swaps


def _swap(draw: Draw, scene: Scene) -> Action:
    states, pair, actor, _ = scene
    token_in, token_out = draw(st.permutations(pair.tokens))
    of = sides(states[pair], pair, pair.is_zero_for_one(token_in))
    amount = draw(_sold(scene, token_in))
    out = _or_none(get_amount_out, amount, of)
    least = [0, 0, 0, out, out, min(out + 1, UINT256_MAX), max(0, out - 1)]
    return Swap(
        actor=actor,
        market=pair.id,
        token_in=token_in,
        token_out=token_out,
        amount_in=amount,
        min_out=draw(st.sampled_from(least)),
        deadline=draw(_deadlines(states)),
        recipient=draw(_recipients(scene)),
    )


def _swap_exact_out(draw: Draw, scene: Scene) -> Action:
    states, pair, actor, _ = scene
    token_in, token_out = draw(st.permutations(pair.tokens))
    of = sides(states[pair], pair, pair.is_zero_for_one(token_in))
    amount = draw(_bought(scene, token_in, of))
    paid = _or_none(get_amount_in, amount, of)
    most = [*[UINT256_MAX] * 4, paid, paid, max(0, paid - 1), min(paid + 1, UINT256_MAX), 0]
    return SwapExactOut(
        actor=actor,
        market=pair.id,
        token_in=token_in,
        token_out=token_out,
        amount_out=amount,
        max_in=draw(st.sampled_from(most)),
        deadline=draw(_deadlines(states)),
        recipient=draw(_recipients(scene)),
    )


def _sold(scene: Scene, token: Token) -> st.SearchStrategy[int]:
    states, pair, actor, _ = scene
    balance, lying = _wallet(states, token).balance(actor), _lying(states, pair, token)
    room, widest = UINT112_MAX - lying, UINT256_MAX // pair.fee.parts
    bounds = [0, 1, 2, balance, balance + 1, 2**128, widest, widest + 1, UINT256_MAX]
    bounds += [max(0, room), max(0, room + 1)]
    return st.one_of(
        *_parts(balance),
        st.integers(1, 10**6),
        st.sampled_from([min(each, UINT256_MAX) for each in bounds]),
    )


def _bought(scene: Scene, token_in: Token, of: Sides) -> st.SearchStrategy[int]:
    states, _, actor, _ = scene
    most = _or_none(get_amount_out, _wallet(states, token_in).balance(actor), of)
    all_of_it = of.reserve_out
    bounds = [0, 1, 2, most, most + 1, all_of_it, all_of_it + 1, max(0, all_of_it - 1)]
    return st.one_of(
        *_parts(most),
        st.integers(0, all_of_it),
        st.sampled_from([*bounds, 2**128, UINT256_MAX]),
    )


def _or_none(priced: Callable[[int, Sides], int], amount: int, of: Sides) -> int:
    try:
        return priced(amount, of)
    except RevertError:
        return 0


# ---------------------------------------------------------------------------------- liquidity


def _add(draw: Draw, scene: Scene) -> Action:
    states, pair, actor, _ = scene
    state = states[pair]
    amount0, amount1 = draw(_offered(scene, pair.token0)), draw(_offered(scene, pair.token1))
    if state.reserve0 and state.reserve1 and draw(st.integers(0, 4)) != 2:
        fitting = amount0 * state.reserve1 // state.reserve0 + draw(st.integers(-1, 1))
        amount1 = min(max(0, fitting), UINT256_MAX)
    near = (draw(st.integers(-1, 1)), draw(st.integers(-1, 1)))
    least = tuple(
        min(max(0, amount + off), UINT256_MAX)
        for amount, off in zip((amount0, amount1), near, strict=True)
    )
    return AddLiquidity(
        actor=actor,
        market=pair.id,
        tokens=pair.tokens,
        amounts=(amount0, amount1),
        least=0,
        deadline=draw(_deadlines(states)),
        least_amounts=draw(st.sampled_from([(), (), (0, 0), least])),
    )


def _offered(scene: Scene, token: Token) -> st.SearchStrategy[int]:
    states, _, actor, _ = scene
    balance = _wallet(states, token).balance(actor)
    bounds = [0, 1, 2, 1000, 1001, balance, balance + 1, 2**128, UINT256_MAX]
    return st.one_of(*_parts(balance), st.integers(1, 10**6), st.sampled_from(bounds))


def _remove(draw: Draw, scene: Scene) -> Action:
    states, pair, actor, _ = scene
    shares = draw(_given_back(states[pair], actor))
    worth = _worth(states, pair, shares)
    near = tuple(max(0, each + draw(st.integers(-1, 1))) for each in worth)
    return RemoveLiquidity(
        actor=actor,
        market=pair.id,
        tokens=pair.tokens,
        shares=shares,
        least=draw(st.sampled_from([(0, 0), (0, 0), worth, near])),
        deadline=draw(_deadlines(states)),
        recipient=draw(_recipients(scene)),
    )


def _given_back(state: PairState, actor: Address) -> st.SearchStrategy[int]:
    owned = state.shares.balance(actor)
    bounds = [0, 1, owned, owned, owned, min(owned + 1, UINT256_MAX), UINT256_MAX]
    return st.one_of(*_parts(owned), st.sampled_from(bounds))


def _worth(states: States, pair: Pair, shares: int) -> tuple[int, int]:
    state = states[pair]
    if not shares or not state.shares.supply:
        return 0, 0
    supply = state.shares.supply + protocol_shares(state)
    worth0, worth1 = (
        _lying(states, pair, token) * (shares + state.held) // supply for token in pair.tokens
    )
    return min(worth0, UINT256_MAX - 1), min(worth1, UINT256_MAX - 1)


# ----------------------------------------------------------------- transfers and allowances


def _give(draw: Draw, scene: Scene) -> Action:
    """A transfer of a token to the pair, or of shares to anyone."""
    states, pair, actor, owners = scene
    if draw(st.booleans()):
        owned = states[pair].shares.balance(actor)
        amount = draw(
            st.one_of(*_parts(owned), st.sampled_from([0, 1, owned, owned + 1, UINT256_MAX]))
        )
        to = draw(st.sampled_from([pair.address, *owners, STRANGER, ZERO_ADDRESS]))
        return Transfer(actor, pair.id, pair.share, to, amount)
    token = draw(st.sampled_from(pair.tokens))
    balance = _wallet(states, token).balance(actor)
    amount = draw(st.one_of(st.integers(0, balance // 1000), st.sampled_from([0, 1, balance // 7])))
    return Transfer(actor, token_market(token), token, pair.address, amount)


def _allow(draw: Draw, scene: Scene) -> Action:
    """An allowance of any of the three tokens, mostly without bound."""
    states, pair, actor, _ = scene
    token = draw(st.sampled_from([*pair.tokens, pair.share, pair.share]))
    if token == pair.share:
        owned = states[pair].shares.balance(actor)
        raw = draw(st.sampled_from([UINT256_MAX, owned, owned // 2, owned + 1, 1, 0]))
        spender = draw(st.sampled_from([*[pair.router] * 8, STRANGER, ZERO_ADDRESS]))
        return Approve(actor, pair.id, token, spender, raw)
    balance = _wallet(states, token).balance(actor)
    raw = draw(st.sampled_from([*[UINT256_MAX] * 12, balance, balance // 1000, 1, 0]))
    return Approve(actor, token_market(token), token, pair.router, raw)


def _missing_approval(draw: Draw, scene: Scene, asked: Kind) -> Action | None:
    """What the actor has to allow the router first; of shares no more than needed, at times."""
    states, pair, actor, _ = scene
    if asked is _remove:
        shares = states[pair].shares
        owned = shares.balance(actor)
        if shares.allowance(actor, pair.router) >= owned:
            return None
        raw = draw(st.sampled_from([UINT256_MAX, UINT256_MAX - 1, owned, owned]))
        return Approve(actor, pair.id, pair.share, pair.router, raw)
    if asked in (_swap, _swap_exact_out, _add):
        for token in pair.tokens:
            wallet = _wallet(states, token)
            if 2 * wallet.allowance(actor, pair.router) <= wallet.balance(actor):
                return Approve(actor, token_market(token), token, pair.router, UINT256_MAX)
    return None


# ------------------------------------------------------------------------------------- shared


def _wallet(states: States, token: Token) -> Erc20State:
    state = states.state(token_market(token))
    assert isinstance(state, Erc20State)
    return state


def _lying(states: States, pair: Pair, token: Token) -> int:
    return _wallet(states, token).balance(pair.address)


def _parts(whole: int) -> tuple[st.SearchStrategy[int], ...]:
    return tuple(
        st.integers(whole // (2 * part), max(1, whole // part)) for part in (1, 5, 30, 1000)
    )


def _recipients(scene: Scene) -> st.SearchStrategy[Address]:
    _, pair, actor, owners = scene
    rare = [STRANGER, ZERO_ADDRESS, pair.address, pair.token0.address, pair.token1.address]
    return st.sampled_from([*[actor] * 8, *owners, *rare])


def _deadlines(states: States) -> st.SearchStrategy[Timestamp]:
    moment = states.timestamp
    near = (moment, Timestamp(moment + 1), Timestamp(moment - 1), Timestamp(0))
    return st.sampled_from([*[FOREVER] * 24, *near])


Kind = Callable[[Draw, Scene], Action]
_KINDS = [_swap] * 5 + [_swap_exact_out] * 5 + [_add] * 6 + [_remove] * 6 + [_give] * 3 + [_allow]

PORT = Port(
    "uniswap_v2",
    actions,
    ("Swap", "SwapExactOut", "AddLiquidity", "RemoveLiquidity", "Transfer", "Approve"),
    protocols=("erc20", "uniswap_v2"),
)
