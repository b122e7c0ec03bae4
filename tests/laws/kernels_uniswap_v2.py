"""Drawn quotes of pairs, both ways: what fits and one unit around it, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.laws.kernel_cases import Case
from trimtab.core.abi import UINT256_MAX
from trimtab.core.errors import NoRoute
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.shared.shares import Shares
from trimtab.protocols.uniswap_v2 import Fee, Pair, PairState, quote, quote_exact_out
from trimtab.protocols.uniswap_v2.market import MOST_PARTS, UINT112_MAX
from trimtab.protocols.uniswap_v2.maths import quotes, quotes_exact_out

QUOTES = frozenset(
    f"trimtab.protocols.uniswap_v2.maths.{name}" for name in ("_amounts_out", "_amounts_in")
)
AT_ONCE = 25
NOW = Timestamp(1_700_000_000)
TOKEN0, TOKEN1 = (Token(1, Address("0x" + digit * 40), 18, digit) for digit in "12")
FEES = (
    Fee(),
    Fee(9975, 9975, 10_000),
    Fee(99_700, 99_500, 100_000),
    Fee(1, 1, 1),
    Fee(1, MOST_PARTS, MOST_PARTS),
)
RESERVES = (0, 1, 2, 1000, 2**64 - 1, 2**64, UINT112_MAX - 1, UINT112_MAX)
BOUNDS = (0, 1, 2, 2**64 - 1, 2**64, 2**111, UINT112_MAX, 2**112, 2**128, 2**255, UINT256_MAX)


def compared(dice: random.Random, count: int) -> Iterator[Case]:
    """At least so many quotes of drawn pairs, by the kernels and by the model."""
    while count > 0:
        pair, state = drawn_pair(dice), drawn_state(dice)
        token_in, raws = dice.choice(pair.tokens), drawn_amounts(dice, state)
        given, goes = quotes(state, pair, token_in, packed(raws))
        taken, comes = quotes_exact_out(state, pair, token_in, packed(raws))
        answers = zip(raws, unpacked(given), goes, unpacked(taken), comes, strict=True)
        for raw, sold_for, is_sold, bought_for, is_bought in answers:
            asked = (pair.fee, state.reserve0, state.reserve1, token_in, raw)
            sale = _modelled(quote_of, pair, state, token_in, raw)
            yield Case(("in", *asked), sale, (sold_for, bool(is_sold)))
            purchase = _modelled(cost_of, pair, state, token_in, raw)
            yield Case(("out", *asked), purchase, (bought_for, bool(is_bought)))
        count -= 2 * len(raws)


def drawn_pair(dice: random.Random) -> Pair:
    """A pair of any fee."""
    places = (Address("0x" + digit * 40) for digit in "789")
    address, factory, router = places
    return Pair(1, address, "a pair", TOKEN0, TOKEN1, factory, router, dice.choice(FEES))


def drawn_state(dice: random.Random) -> PairState:
    """Reserves at a bound one time in four, else of any size that fits."""
    reserve0, reserve1 = (
        dice.choice(RESERVES) if dice.randrange(4) == 0 else int(2 ** dice.uniform(0, 111.9))
        for _ in range(2)
    )
    return PairState(
        timestamp=NOW,
        reserve0=reserve0,
        reserve1=reserve1,
        updated_at=NOW,
        price0_cumulative=0,
        price1_cumulative=0,
        k_last=0,
        fee_to=ZERO_ADDRESS,
        shares=Shares(0, {}, {}),
        held=0,
    )


def drawn_amounts(dice: random.Random, state: PairState) -> list[int]:
    """Parts of the reserves, what fits and one unit around it, bounds, and of any size."""
    reserves = (state.reserve0, state.reserve1)
    edges = [*reserves, *(UINT112_MAX - reserve for reserve in reserves)]
    near = [max(0, dice.choice(edges) + dice.randrange(-2, 3)) for _ in range(AT_ONCE // 5)]
    parts = [max(reserves) * dice.randrange(1, 10**6) // 10**6 for _ in range(2 * AT_ONCE // 5)]
    sizes = [int(2 ** dice.uniform(0, 255.9)) for _ in range(AT_ONCE // 5)]
    return [*near, *parts, *sizes, *(dice.choice(BOUNDS) for _ in range(AT_ONCE // 5))]


def quote_of(pair: Pair, state: PairState, token_in: Token, raw: int) -> int:
    """What the model gives for an amount sold."""
    return quote(state, pair, token_in, raw).amount_out


def cost_of(pair: Pair, state: PairState, token_in: Token, raw: int) -> int:
    """What the model takes for an amount bought."""
    return quote_exact_out(state, pair, token_in, raw).amount_in_used


def _modelled(
    of: Callable[[Pair, PairState, Token, int], int],
    pair: Pair,
    state: PairState,
    token_in: Token,
    raw: int,
) -> tuple[int, bool]:
    try:
        return of(pair, state, token_in, raw), True
    except NoRoute:
        return 0, False
