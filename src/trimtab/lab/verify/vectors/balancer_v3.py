"""Balancer V3's published vectors, as far as the maths of weighted pools is that of V2.

Swaps of weighted pools are asked of our formulas, with fee and scaling as V3's vault has them
(Vault.sol `_swap`): the fee, rounded up, comes off what goes in, or on top of it. Joins and exits
of V3 are another arithmetic, and every other kind of pool too: they are not modelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trimtab.core.errors import DataError
from trimtab.lab.verify.answers.pools import REVERTS, Answer, not_modelled
from trimtab.lab.verify.files import Document, Json, field_of, integer, listed, mapping, unsigned
from trimtab.lab.verify.tally import Unknown, Verdict, compared
from trimtab.protocols.balancer.model.checked import (
    ONE,
    complement,
    divide_down,
    divide_up,
    mul_up,
    sub,
)
from trimtab.protocols.balancer.model.powers import power_up
from trimtab.protocols.balancer.model.weighted import in_given_out, out_given_in
from trimtab.protocols.shared.rounding import mul_div_up

GIVEN_IN, GIVEN_OUT = 0, 1

Fields = Mapping[str, Json]


def is_vectors(value: Json) -> bool:
    """Whether a JSON value is a pool of Balancer V3 with what was done in it."""
    pool = value.get("pool") if isinstance(value, Mapping) else None
    return isinstance(pool, Mapping) and "poolType" in pool


def vectors(document: Document) -> Iterator[Verdict]:
    """The verdict on every swap, add and remove of a document."""
    what = str(document.path)
    value = mapping(document.value, what)
    pool = mapping(field_of(value, "pool", what), what)
    kind = str(pool["poolType"])[:40].lower()
    is_plain = kind == "weighted" and "hook" not in pool and _has_no_rates(pool, what)
    for number, each in enumerate(listed(value.get("swaps", []), what), 1):
        swap = mapping(each, what)
        yield _swapped(pool, swap, f"{what}, swap {number}") if is_plain else _unknown(kind)
    for name in ("adds", "removes"):
        for _ in listed(value.get(name, []), what):
            yield _unknown(f"{kind} {name}" if kind == "weighted" else kind)


def _unknown(kind: str) -> Unknown:
    return Unknown(str(not_modelled(f"balancer_v3 {kind}")))


def _has_no_rates(pool: Fields, what: str) -> bool:
    return all(
        _numbers(pool, "tokenRates", what)[i] == ONE for i in range(len(_tokens(pool, what)))
    )


def _swapped(pool: Fields, swap: Fields, what: str) -> Verdict:
    tokens = _tokens(pool, what)
    sold, bought = (str(field_of(swap, name, what)).lower() for name in ("tokenIn", "tokenOut"))
    if not {sold, bought} <= {*tokens} or sold == bought:
        raise DataError(f"{what}: its tokens are not two of the pool's")
    kind = integer(field_of(swap, "swapKind", what), f"{what}: swapKind", GIVEN_IN, GIVEN_OUT)
    recorded = unsigned(field_of(swap, "outputRaw", what), 256, f"{what}: outputRaw")
    amount = unsigned(field_of(swap, "amountRaw", what), 128, f"{what}: amountRaw")
    try:
        modelled: Answer = _modelled(
            pool, (tokens.index(sold), tokens.index(bought)), kind, amount, what
        )
    except ArithmeticError:
        modelled = REVERTS
    name = "weighted swap in" if kind == GIVEN_IN else "weighted swap out"
    return compared(what, name, {"outputRaw": recorded}, {"outputRaw": modelled})


def _modelled(pool: Fields, places: tuple[int, int], kind: int, raw: int, what: str) -> int:
    """What comes out of a swap exactly in, or goes into one exactly out."""
    factors, weights, balances = (
        _numbers(pool, name, what) for name in ("scalingFactors", "weights", "balancesLiveScaled18")
    )
    i, j = places
    fee = unsigned(field_of(pool, "swapFee", what), 64, f"{what}: swapFee")
    sides = (balances[i], weights[i], balances[j], weights[j])
    if kind == GIVEN_IN:
        given = raw * factors[i]
        out = out_given_in(*sides, sub(given, mul_up(given, fee)), power_up)
        return divide_down(out, factors[j] * ONE)
    net = in_given_out(*sides, raw * factors[j], power_up)
    gross = net + mul_div_up(net, fee, complement(fee))
    return divide_up(gross, factors[i] * ONE)


def _tokens(pool: Fields, what: str) -> list[str]:
    return [str(each).lower() for each in listed(field_of(pool, "tokens", what), what)]


def _numbers(pool: Fields, name: str, what: str) -> Sequence[int]:
    """A number for each of the pool's tokens."""
    found = [
        unsigned(each, 128, f"{what}: {name}") for each in listed(field_of(pool, name, what), what)
    ]
    if len(found) != len(_tokens(pool, what)):
        raise DataError(f"{what}: {len(found)} {name} of {len(_tokens(pool, what))} tokens")
    return found
