"""Where the change of a book came from, every component computed from its own records.

With h what a place has, p its price, and 0 and 1 the two moments,

    h1 p1 - h0 p0  =  h0 (p1 - p0)  +  (h1 - h0) p1        price, then what was added
    h1 - h0        =  accrual + external flows + own flows  (INV-1)

so accruals and flows are valued at the later prices, and our own flows split into what each fill
cost: a swap its pool's fee and its slippage, so does a trade at a perpetual against its mark price,
a deposit in a pool its slippage, a conversion its rounding. Sums are exact fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction

from trimtab.core.actions import Action
from trimtab.core.canonical import Plain, plain
from trimtab.core.errors import ConfigError, InvariantViolation, MissingRead
from trimtab.core.market import MarketId, Place
from trimtab.core.prices import Prices
from trimtab.core.settlement import Dropped, Failed, Flow, Landed, Mismatch, Settlement
from trimtab.journal.fills import Converted, Fill, Paid, Pooled, Traded, Turned, match
from trimtab.journal.liquidations import liquidations
from trimtab.journal.loops import Looped, loop_cost
from trimtab.journal.reconcile import INVARIANT, Reconciliation


@dataclass(frozen=True, slots=True)
class Moment:
    """A book with its prices: base units per place, negative for a debt."""

    book: Mapping[Place, int]
    prices: Prices

    @property
    def equity(self) -> Fraction:
        """What the book is worth in base units of the numeraire."""
        return sum(
            (raw * self.prices.price(place.token) for place, raw in self.book.items() if raw),
            Fraction(0),
        )


@dataclass(frozen=True, slots=True)
class Attribution:
    """The change of equity between two moments, in base units of the numeraire.

    `price`, `interest`, `liquidity` (what swaps of anybody did to what lies in pools: fees earned,
    less the worth that the turned composition lost), `positions` (what mark prices and funding did
    to positions at perpetuals), `liquidations` (what liquidators took, less what they repaid: a
    loss) and `external` (capital that others or we
    ourselves brought or took) are gains; `fees`, `slippage`, `rounding` and `gas` are costs,
    negative where they were a gain.
    The signer pays the gas from outside the book, so it is no part of the change. `unexplained`
    holds the flows of our own transactions that no action explains, of which there are none.
    """

    equity_before: Fraction
    equity_now: Fraction
    price: Fraction
    interest: Fraction
    liquidity: Fraction
    external: Fraction
    fees: Fraction
    slippage: Fraction
    rounding: Fraction
    gas: Fraction
    unexplained: tuple[Flow, ...] = ()
    positions: Fraction = Fraction(0)
    liquidations: Fraction = Fraction(0)

    @property
    def change(self) -> Fraction:
        """What the book's worth changed by."""
        return self.equity_now - self.equity_before

    def check(self) -> None:
        """Raise InvariantViolation unless the components sum to the change, exactly."""
        if self.unexplained:
            flow = self.unexplained[0]
            raise InvariantViolation(
                INVARIANT,
                f"{flow.raw} of {flow.place} moved in our transaction {flow.transaction}, and no "
                "action of its plan explains that: find what else the transaction did",
            )
        gains = self.price + self.interest + self.liquidity + self.positions
        gains += self.liquidations + self.external
        told = gains - self.fees - self.slippage - self.rounding
        if told != self.change:
            raise InvariantViolation(
                INVARIANT,
                f"the book changed by {self.change} base units of the numeraire, its components "
                f"sum to {told}: compare the audit of both blocks",
            )


def attribute(
    before: Moment,
    now: Moment,
    reconciliation: Reconciliation,
    actions_of: Mapping[str, tuple[Action, ...]],
    settled: Iterable[Settlement],
    pool_fees: Mapping[MarketId, Fraction],
    native_price: Fraction,
) -> Attribution:
    """The change from `before` to `now`, told from the flows and accruals between them.

    `actions_of` gives, by the hash of every transaction of ours that may have landed, its plan's
    actions: a flow is explained in its own block, however deep its settlement must be buried.
    `settled` are the settlements that became known, whose gas is told now. `pool_fees` is each
    pool's fee as a share of what goes in, or a perpetual's in base units of the token that it
    settles in for 10**-18 of its base, `native_price` numeraire base units per base unit of
    the native currency.
    Raises ConfigError if the numeraire changed, MissingRead where a price or a fee is missing.
    """
    if before.prices.numeraire != now.prices.numeraire:
        raise ConfigError(
            f"the numeraire was {before.prices.numeraire} and is {now.prices.numeraire}: "
            "profit is told in one numeraire, so start a new journal"
        )
    fills, unexplained = _fills(reconciliation.flows, actions_of)
    trades = tuple(_trade_cost(fill, now.prices, pool_fees) for fill in fills)
    given = tuple(fill.flow for fill in fills if isinstance(fill, Paid))
    taken = liquidations(reconciliation.flows)
    lost = [f for f in reconciliation.flows if (f.transaction, f.place.market) in taken]
    others = [f for f in reconciliation.flows if not f.is_ours and f not in lost]
    return Attribution(
        equity_before=before.equity,
        equity_now=now.equity,
        price=_price_change(before, now.prices),
        interest=_worth(_accrued(reconciliation, lambda place: place.is_simple), now.prices),
        liquidity=_worth(
            _accrued(reconciliation, lambda p: p.is_pooled or p.is_uncollected), now.prices
        ),
        positions=_worth(_accrued(reconciliation, lambda place: place.is_position), now.prices),
        external=_worth(((flow.place, flow.raw) for flow in (*others, *given)), now.prices),
        fees=sum((fee for fee, _ in trades), Fraction(0)),
        slippage=sum((slippage for _, slippage in trades), Fraction(0)),
        liquidations=_worth(((flow.place, flow.raw) for flow in lost), now.prices),
        rounding=-sum((_rounding_gain(fill, now.prices) for fill in fills), Fraction(0)),
        gas=sum((_gas(settlement) * native_price for settlement in settled), Fraction(0)),
        unexplained=unexplained,
    )


def _fills(
    flows: Iterable[Flow], actions_of: Mapping[str, tuple[Action, ...]]
) -> tuple[tuple[Fill, ...], tuple[Flow, ...]]:
    """The fills of all our transactions, and our own flows that no action of them explains."""
    ours: dict[str, list[Flow]] = {}
    for flow in flows:
        if flow.is_ours:
            ours.setdefault(flow.transaction, []).append(flow)
    matches = [match(actions_of.get(key, ()), found) for key, found in ours.items()]
    return (
        tuple(fill for matched in matches for fill in matched.fills),
        tuple(flow for matched in matches for flow in matched.left_over),
    )


def _price_change(before: Moment, prices: Prices) -> Fraction:
    """What the earlier book gained by prices alone."""
    return sum(
        (
            raw * (prices.price(place.token) - before.prices.price(place.token))
            for place, raw in before.book.items()
            if raw
        ),
        Fraction(0),
    )


def _worth(changes: Iterable[tuple[Place, int]], prices: Prices) -> Fraction:
    return sum((raw * prices.price(place.token) for place, raw in changes), Fraction(0))


def _accrued(found: Reconciliation, of: Callable[[Place], bool]) -> list[tuple[Place, int]]:
    """What grew at constant shares in places of a kind."""
    return [each for each in found.accruals.items() if of(each[0])]


def _trade_cost(
    fill: Fill, prices: Prices, pool_fees: Mapping[MarketId, Fraction]
) -> tuple[Fraction, Fraction]:
    """The fee of a swap, and what it, or a change of liquidity, lost against the oracle.

    The fee is the pool's rate on what went in; the unit by which a pool rounds it up at every
    tick it crosses is worse execution, and so slippage.
    """
    if isinstance(fill, Pooled):
        return Fraction(0), -sum(
            (raw * prices.price(token) for token, raw in fill.gained.items() if raw), Fraction(0)
        )
    if isinstance(fill, Turned):
        rate = _fee_of(fill.action.market, pool_fees) if fill.size else Fraction(0)
        fee = abs(fill.size) * rate * prices.price(fill.token)
        return fee, -fill.gained * prices.price(fill.token) - fee
    if isinstance(fill, Looped):
        rates = (_fee_of(each, pool_fees) for each in (fill.action.exchange, fill.action.lender))
        return loop_cost(fill, prices, *rates)
    if not isinstance(fill, Traded):
        return Fraction(0), Fraction(0)
    swap = fill.swap
    value_in = fill.raw_in * prices.price(swap.token_in)
    value_out = fill.raw_out * prices.price(swap.token_out) if fill.raw_out else Fraction(0)
    fee = value_in * _fee_of(swap.market, pool_fees)
    return fee, value_in - fee - value_out


def _fee_of(market: MarketId, pool_fees: Mapping[MarketId, Fraction]) -> Fraction:
    if market not in pool_fees:
        raise MissingRead(f"the fee of {market} is not known: state it with the others")
    return pool_fees[market]


def _rounding_gain(fill: Fill, prices: Prices) -> Fraction:
    if not isinstance(fill, Converted):
        return Fraction(0)
    return fill.gained * prices.price(fill.action.token)


def _gas(settlement: Settlement) -> int:
    """What the signer paid for a mined transaction, in base units of the native currency."""
    match settlement:
        case Landed() | Failed() | Dropped():
            return settlement.gas_used * settlement.gas_price
        case Mismatch():
            return 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """The sums of attributions over a run, in base units of the numeraire."""

    equity_start: Fraction
    equity: Fraction
    price: Fraction = Fraction(0)
    interest: Fraction = Fraction(0)
    liquidity: Fraction = Fraction(0)
    positions: Fraction = Fraction(0)
    liquidations: Fraction = Fraction(0)
    external: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    slippage: Fraction = Fraction(0)
    rounding: Fraction = Fraction(0)
    gas: Fraction = Fraction(0)

    @property
    def profit(self) -> Fraction:
        """What the run earned after all costs, gas too, apart from capital put in or taken."""
        return self.equity - self.equity_start - self.external - self.gas

    def add(self, step: Attribution) -> Ledger:
        """The sums with one more step.

        Raises InvariantViolation if the step does not begin where the last one ended, or if its
        components do not sum to its change.
        """
        if step.equity_before != self.equity:
            raise InvariantViolation(
                INVARIANT,
                f"a step begins at {step.equity_before} and the one before it ended at "
                f"{self.equity}: a step between them is missing",
            )
        step.check()
        sums = {name: getattr(self, name) + getattr(step, name) for name in _COMPONENTS}
        return replace(self, equity=step.equity_now, **sums)

    def to_plain(self) -> Plain:
        """The sums as exact fractions in canonical form, the profit among them."""
        sums = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        return {**sums, "profit": plain(self.profit)}


_COMPONENTS = (
    "price",
    "interest",
    "liquidity",
    "positions",
    "liquidations",
    "external",
    "fees",
    "slippage",
    "rounding",
    "gas",
)
