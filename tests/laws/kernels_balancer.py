"""Drawn weighted pools, and what is asked of them, for the law of kernels."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.laws.kernel_cases import Case
from trimtab.core.errors import NoRoute
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, Token, address_from_bytes
from trimtab.protocols.balancer import (
    Pause,
    Quote,
    WeightedPool,
    WeightedState,
    quote,
    quote_exact_out,
)
from trimtab.protocols.balancer.maths import quotes, quotes_exact_out
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.shared.shares import Shares

QUOTES = frozenset(
    f"trimtab.protocols.balancer.maths.quotes.{name}" for name in ("_amounts_out", "_amounts_in")
)

ASKED = 60
"""Amounts that are asked of each drawn pool, both ways."""
LARGEST = 2**112 - 1
ROUND: dict[int, list[tuple[int, ...]]] = {
    2: [(50, 50), (80, 20), (20, 80)],
    3: [(50, 25, 25)],
    5: [(20, 20, 20, 20, 20)],
}
POOL = bytes.fromhex("99" * 20)


def compared(dice: random.Random, count: int) -> Iterator[Case]:
    """At least so many quotes of drawn pools, by the kernels and by the model."""
    while count > 0:
        state = drawn_pool(dice)
        pool = state.pool
        token_in, token_out = dice.sample(pool.tokens, 2)
        amounts = [drawn_amount(dice, state, token_in, token_out) for _ in range(ASKED)]
        given, goes = quotes(state, pool, token_in, token_out, packed(amounts))
        taken, comes = quotes_exact_out(state, pool, token_in, token_out, packed(amounts))
        pairs = zip(amounts, unpacked(given), goes, unpacked(taken), comes, strict=True)
        for amount, sold_for, is_sold, bought_for, is_bought in pairs:
            sale = _answer(lambda: quote(state, pool, token_in, token_out, amount))  # noqa: B023
            yield Case(
                ("in", state, token_in, amount),
                None if sale is None else sale.amount_out,
                sold_for if is_sold else None,
            )
            purchase = _answer(
                lambda: quote_exact_out(state, pool, token_in, token_out, amount)  # noqa: B023
            )
            yield Case(
                ("out", state, token_in, amount),
                None if purchase is None else purchase.amount_in_used,
                bought_for if is_bought else None,
            )
        count -= 2 * ASKED


def _answer(ask: Callable[[], Quote]) -> Quote | None:
    try:
        return ask()
    except NoRoute:
        return None


def drawn_pool(dice: random.Random) -> WeightedState:
    """A pool of two to five tokens, of any weights, with much, little or nothing of each."""
    size = dice.choice((2, 2, 3, 5))
    tokens = tuple(
        Token(1, address_from_bytes((at + 1).to_bytes(20, "big")), decimals, f"T{at}")
        for at, decimals in enumerate(dice.choices((0, 6, 8, 18, 18), k=size))
    )
    pool = WeightedPool(
        chain=1,
        address=address_from_bytes(POOL),
        name="balancer:drawn",
        vault=ZERO_ADDRESS,
        factory=ZERO_ADDRESS,
        fees_collector=ZERO_ADDRESS,
        pool_id=POOL + bytes(12),
        tokens=tokens,
        weights=drawn_weights(dice, size),
        has_shortcuts=dice.random() < 0.6,
    )
    fees = (10**12, 3 * 10**15, 10**16, 10**17, dice.randrange(10**12, 10**17))
    return WeightedState(
        timestamp=Timestamp(0),
        pool=pool,
        balances=tuple(drawn_balance(dice) for _ in tokens),
        swap_fee=dice.choice(fees),
        protocol_swap_fee=0,
        last_invariant=0,
        is_recovering=False,
        vault_pause=Pause(False, Timestamp(0)),
        pool_pause=Pause(dice.random() < 0.02, Timestamp(0)),
        shares=Shares(0, {}, {}),
    )


def drawn_weights(dice: random.Random, size: int) -> tuple[int, ...]:
    """Weights that make one: round ones, of which some are twice or four times others, or any."""
    if dice.random() < 0.4:
        return tuple(weight * 10**16 for weight in dice.choice(ROUND[size]))
    free = 10**18 - size * 10**16
    cuts = sorted(dice.randint(0, free) for _ in range(size - 1))
    return tuple(
        upper - lower + 10**16 for lower, upper in zip([0, *cuts], [*cuts, free], strict=True)
    )


def drawn_balance(dice: random.Random) -> int:
    """Base units of a token: of any size that the vault can count."""
    sizes = (dice.getrandbits(dice.randint(1, 112)), dice.randrange(10**9, 10**28))
    return dice.choice((*sizes, *sizes, *sizes, 0, 1, 7, LARGEST))


def drawn_amount(dice: random.Random, state: WeightedState, sold: Token, bought: Token) -> int:
    """An amount around what the pool takes or gives at most, a part of that, dust, or absurd."""
    token = dice.choice((sold, bought))
    balance = state.balances[state.pool.index(token)]
    most = balance * 3 // 10
    with_fee = balance * 3 * 10**17 // (10**18 - state.swap_fee)
    drawn = (
        dice.choice((most, with_fee)) + dice.randint(-2, 2),
        dice.randint(0, most),
        dice.randint(0, most),
        dice.randint(0, most // 1000 + 2),
        dice.randint(0, balance),
        dice.getrandbits(dice.randint(1, 256)),
        dice.choice((0, 1, balance, 2**112 - balance, 2**128, 2**256 - 1)),
    )
    return max(0, dice.choice(drawn))
