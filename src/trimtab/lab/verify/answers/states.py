"""Recorded states of pools, by what their documents have in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from trimtab.core.errors import ConfigError, DataError
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, Token, address
from trimtab.lab.verify.answers.pools import (
    NotModelled,
    Pool,
    ProductPool,
    RangesPool,
    StablePool,
    WeightedPool,
)
from trimtab.lab.verify.files import Document, Json, field_of, integer, listed, mapping, unsigned
from trimtab.lab.verify.history.events import WIDEST_SPACING, price
from trimtab.lab.verify.history.states import whole
from trimtab.protocols.balancer import Pause, WeightedState
from trimtab.protocols.balancer import WeightedPool as WeightedMarket
from trimtab.protocols.curve import StableState
from trimtab.protocols.shared.shares import Shares
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK
from trimtab.protocols.uniswap_v3.model.step import PIPS

Key = tuple[str, int]
"""A pool's address in lower case, and the block of its state."""

_LEGACY = {"d_variant": 2, "y_variant": 3, "yd_variant": 1, "swap_style": 2}
"""How the recorder names the arithmetic of the oldest pools, which is the one that is modelled."""


def is_state(value: Json) -> bool:
    """Whether a JSON value describes a pool's state at a block."""
    return isinstance(value, Mapping) and any(set(keys) <= value.keys() for keys in _KINDS)


def pools(document: Document) -> Iterator[tuple[Key, Pool]]:
    """The pools that a document describes, each at its block.

    Raises DataError for a state that no pool can be in.
    """
    value = mapping(document.value, str(document.path))
    parse = next(parse for keys, parse in _KINDS.items() if set(keys) <= value.keys())
    try:
        yield from parse(value, str(document.path))
    except ConfigError as error:
        raise DataError(f"{document.path}: {error}") from None


def key_of(text: Json, block: Json, what: str) -> Key:
    """The key of an address and a block."""
    if not isinstance(text, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        raise DataError(f"{what}: no address of a pool")
    return text.lower(), unsigned(block, 63, f"{what}: block")


# --------------------------------------------------------------------------------- protocols


def _ranges(value: Mapping[str, Json], what: str) -> Iterator[tuple[Key, Pool]]:
    scalars = mapping(field_of(value, "scalars", what), what)
    ticks = {
        integer(tick, f"{what}: a tick", MIN_TICK, MAX_TICK): _gross_and_net(entry, what)
        for tick, entry in mapping(field_of(value, "tick_data", what), what).items()
    }
    state = whole(
        price(field_of(scalars, "sqrt_price_x96", what), what),
        integer(field_of(scalars, "tick", what), f"{what}: tick", MIN_TICK, MAX_TICK),
        unsigned(field_of(scalars, "liquidity", what), 128, f"{what}: liquidity"),
        ticks,
        fee=integer(field_of(scalars, "fee", what), f"{what}: fee", 0, PIPS - 1),
        spacing=integer(
            field_of(scalars, "tick_spacing", what), f"{what}: tick_spacing", 1, WIDEST_SPACING
        ),
    )
    symbols = tuple(
        _symbol(mapping(field_of(value, name, what), what), what) for name in ("token0", "token1")
    )
    yield key_of(value["pool"], value["block"], what), RangesPool(symbols, state)


def _gross_and_net(entry: Json, what: str) -> tuple[int, int]:
    gross, net, *_ = listed(entry, f"{what}: a tick")
    return (
        unsigned(gross, 128, f"{what}: a tick's gross liquidity"),
        integer(net, f"{what}: a tick's net liquidity", -(2**127), 2**127 - 1),
    )


def _product(value: Mapping[str, Json], what: str) -> Iterator[tuple[Key, Pool]]:
    key = key_of(value["address"], value["block"], what)
    if value.get("stable_swap"):
        yield key, NotModelled("camelot stable pair")
        return
    fees = [_fraction(field_of(value, name, what), what) for name in ("fee_token0", "fee_token1")]
    parts = fees[0].denominator * fees[1].denominator
    kept = [int((1 - fee) * parts) for fee in fees]
    reserve0, reserve1 = (
        unsigned(value[name], 112, f"{what}: {name}")
        for name in ("reserves_token0", "reserves_token1")
    )
    symbols = _symbols(value, what)
    if len(symbols) != 2:
        raise DataError(f"{what}: a pair of {len(symbols)} tokens, expected two")
    yield key, ProductPool(symbols, (reserve0, reserve1), (kept[0], kept[1]), parts)


def _stable(value: Mapping[str, Json], what: str) -> Iterator[tuple[Key, Pool]]:
    key = key_of(value["address"], value["block"], what)
    if (name := _unlike_3pool(value, what)) is not None:
        yield key, NotModelled(name)
        return
    tokens = _tokens(value, what)

    def stored(name: str, bits: int = 128) -> int:
        return unsigned(field_of(value, name, what), bits, f"{what}: {name}")

    state = StableState(
        timestamp=Timestamp(stored("block_timestamp", 63)),
        coins=tuple(token.address for token in tokens),
        rates=tuple(int(10 ** (36 - token.decimals)) for token in tokens),
        balances=_balances(value, tokens, what),
        fee=stored("fee"),
        admin_fee=stored("admin_fee"),
        initial_a=stored("initial_a"),
        future_a=stored("future_a"),
        initial_a_time=stored("initial_a_time"),
        future_a_time=stored("future_a_time"),
        shares=Shares(stored("lp_token_total_supply", 256), {}, {}),
        version="legacy",
    )
    yield key, StablePool(_symbols(value, what), state)


def _unlike_3pool(value: Mapping[str, Json], what: str) -> str | None:
    """The name of a kind of Curve pool that is not modelled."""
    if "base_pool" in value:
        return "curve metapool"
    if any(listed(value.get("use_lending", []), what)):
        return "curve lending pool"
    variants = mapping(field_of(value, "strategies", what), what)
    is_legacy = all(variants.get(name) == variant for name, variant in _LEGACY.items())
    return None if is_legacy else "curve pool of another arithmetic"


def _metapools(value: Mapping[str, Json], what: str) -> Iterator[tuple[Key, Pool]]:
    always = mapping(field_of(value, "immutable", what), what)
    for block in mapping(field_of(value, "states", what), what):
        yield key_of(field_of(always, "address", what), block, what), NotModelled("curve metapool")


def _weighted(value: Mapping[str, Json], what: str) -> Iterator[tuple[Key, Pool]]:
    tokens = _tokens(value, what)
    pool_id = field_of(value, "pool_id", what)
    if not isinstance(pool_id, str) or not re.fullmatch(r"0x[0-9a-fA-F]{64}", pool_id):
        raise DataError(f"{what}: no pool id of 32 bytes")
    version = field_of(value, "pow_version", what)
    if version not in ("v1", "v2"):
        raise DataError(f"{what}: pow_version is {str(version)[:40]!r}, expected v1 or v2")
    key = key_of(value["address"], value["block"], what)
    market = WeightedMarket(
        unsigned(field_of(value, "chain_id", what), 63, f"{what}: chain_id"),
        address(key[0]),
        what,
        vault=address(str(field_of(value, "vault", what)).lower()),
        factory=ZERO_ADDRESS,
        fees_collector=ZERO_ADDRESS,
        pool_id=bytes.fromhex(pool_id[2:]),
        tokens=tokens,
        weights=tuple(unsigned(w, 64, f"{what}: weight") for w in listed(value["weights"], what)),
        has_shortcuts=version == "v2",
    )
    fee = _fraction(field_of(value, "fee", what), what) * 10**18
    if fee.denominator != 1:
        raise DataError(f"{what}: the fee has more than 18 decimals")
    open_for_ever = Pause(is_paused=False, ends=Timestamp(0))
    state = WeightedState(
        timestamp=Timestamp(0),
        pool=market,
        balances=_balances(value, tokens, what),
        swap_fee=int(fee),
        protocol_swap_fee=0,
        last_invariant=0,
        is_recovering=False,
        vault_pause=open_for_ever,
        pool_pause=open_for_ever,
        shares=Shares(0, {}, {}),
    )
    yield key, WeightedPool(_symbols(value, what), state)


def _balancer_stable(value: Mapping[str, Json], what: str) -> Iterator[tuple[Key, Pool]]:
    yield key_of(value["address"], value["block"], what), NotModelled("balancer stable pool")


_KINDS = {
    ("pool", "block", "scalars", "tick_data"): _ranges,
    ("address", "block", "family", "reserves_token0", "reserves_token1"): _product,
    ("address", "block", "a_coefficient", "balances"): _stable,
    ("immutable", "states"): _metapools,
    ("address", "block", "pool_id", "weights", "balances"): _weighted,
    ("address", "block", "pool_id", "amp", "balances"): _balancer_stable,
}
"""Each kind of state by keys that it has and no other."""


# ----------------------------------------------------------------------------------- parts


def _tokens(value: Mapping[str, Json], what: str) -> tuple[Token, ...]:
    chain = unsigned(field_of(value, "chain_id", what), 63, f"{what}: chain_id")
    return tuple(
        Token(
            chain,
            address(str(field_of(each, "address", what)).lower()),
            integer(field_of(each, "decimals", what), f"{what}: decimals", 0, 36),
            _symbol(each, what),
        )
        for each in _token_entries(value, what)
    )


def _token_entries(value: Mapping[str, Json], what: str) -> list[Mapping[str, Json]]:
    entries = listed(field_of(value, "tokens", what), f"{what}: tokens")
    return [mapping(each, f"{what}: a token") for each in entries]


def _symbols(value: Mapping[str, Json], what: str) -> tuple[str, ...]:
    return tuple(_symbol(each, what) for each in _token_entries(value, what))


def _symbol(token: Mapping[str, Json], what: str) -> str:
    symbol = field_of(token, "symbol", what)
    if not isinstance(symbol, str):
        raise DataError(f"{what}: a token's symbol is no text")
    return symbol


def _balances(value: Mapping[str, Json], tokens: Sequence[Token], what: str) -> tuple[int, ...]:
    balances = listed(value["balances"], f"{what}: balances")
    if len(balances) != len(tokens):
        raise DataError(f"{what}: {len(balances)} balances of {len(tokens)} tokens")
    return tuple(unsigned(each, 112, f"{what}: a balance") for each in balances)


def _fraction(text: Json, what: str) -> Fraction:
    """A part such as `3/1000`, from none to less than all."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,20}/[1-9][0-9]{0,20}", text):
        raise DataError(f"{what}: a fee that is no fraction such as 3/1000")
    found = Fraction(text)
    if found >= 1:
        raise DataError(f"{what}: a fee of {text}, expected less than all")
    return found
