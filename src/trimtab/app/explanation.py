"""A block as data for programs: amounts as decimals in whole tokens, shares as parts of 1.

Amounts of tokens are exact. Worths and shares, which are fractions, are rounded half to even at
the eighteenth decimal. Integers are written as strings, as everywhere in the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from trimtab.app.found import Found, worth
from trimtab.app.history import Block
from trimtab.app.keys import IN_POOL, SIMPLE, kind_of, token_of
from trimtab.app.numbers import moment, number
from trimtab.app.recorded import Approved, Plan, Refused, Target
from trimtab.app.recorded_actions import Action
from trimtab.app.words import Limit
from trimtab.core.canonical import Plain, plain
from trimtab.core.market import POSITION
from trimtab.core.settlement import Settlement
from trimtab.journal.pnl import Attribution

DECIMALS = 18

Data = dict[str, Plain]


def plain_of(what: Found) -> Plain:
    """The block with its plan, its verdict and what became of it."""
    block, tick = what.block, what.block.tick
    return {
        "block": plain(block.number),
        "time": moment(what.seen.timestamp),
        "timestamp": plain(what.seen.timestamp),
        "seen": _seen(what),
        "since": _since(what),
        "decisions": _decisions(what),
        "breaches": [_limit(each) for each in tick.breaches],
        "plan": None if tick.plan is None else _plan(what, tick.plan, tick.plan_hash),
        "verdict": _verdict(tick.verdict),
        "why": tick.why,
        "nonce": None if block.intent is None else plain(block.intent.nonce),
        "transactions": [] if block.intent is None else plain(block.intent.hashes),
        "trouble": block.trouble,
        "outcome": None if what.outcome is None else _settlement(what.outcome),
    }


def decimal(value: Fraction | int) -> str:
    """A value as a decimal number, without separators and without zeros at its end."""
    return number(value, DECIMALS).replace(",", "").rstrip("0").rstrip(".")


def _worth(what: Found, value: Fraction) -> str:
    return decimal(what.lexicon.whole(value))


def _amount(what: Found, address: str, raw: int) -> Data:
    """An amount of a token; of one without recorded decimals, in base units alone."""
    token = what.seen.tokens.get(address)
    named: Data = {"token": what.lexicon.symbol(address), "address": address, "raw": plain(raw)}
    return (
        named if token is None else named | {"amount": decimal(Fraction(raw, 10**token.decimals))}
    )


def _held(what: Found, places: Mapping[str, int]) -> list[Plain]:
    return [{"place": key, **_amount(what, token_of(key), raw)} for key, raw in places.items()]


# --------------------------------------------------------------------------------------- seen


def _seen(what: Found) -> Data:
    seen = what.seen
    prices: list[Plain] = [
        {
            "token": what.lexicon.symbol(token),
            "price": _worth(what, quote.price * 10 ** seen.tokens[token].decimals),
            "source": quote.source,
            "age_seconds": plain(quote.age),
        }
        for token, quote in seen.prices.items()
    ]
    book: list[Plain] = [
        {
            "place": key,
            **_amount(what, token_of(key), raw),
            "worth": _worth(what, worth(seen, key, raw)),
            "weight": decimal(worth(seen, key, raw) / seen.equity) if seen.equity else None,
        }
        for key, raw in seen.book.items()
    ]
    return {
        "numeraire": what.lexicon.unit,
        "equity": _worth(what, seen.equity),
        "age_seconds": plain(seen.age),
        "prices": prices,
        "book": book,
        "claims": {name: _held(what, places) for name, places in seen.claims.items()},
        "limits": what.limits if isinstance(what.limits, str) else [*map(_limit, what.limits)],
    }


# -------------------------------------------------------------------------------------- since


def _since(what: Found) -> Plain:
    block = what.block
    if block.attribution is None:
        return None
    return {
        "settled": [_settlement(each) for each in block.settled],
        "flows": [
            {
                "place": flow.place,
                **_amount(what, token_of(flow.place), flow.raw),
                "is_ours": flow.is_ours,
            }
            for flow in block.flows.flows
        ],
        "interest": _held(what, _accrued(block, SIMPLE)),
        "in_pools": _held(what, _accrued(block, IN_POOL)),
        "positions": _held(what, _accrued(block, POSITION)),
        "change": _change(what, block.attribution),
        "conservation_error": plain(block.flows.error),
    }


def _accrued(block: Block, kind: str) -> dict[str, int]:
    return {key: raw for key, raw in block.flows.accruals.items() if kind_of(key) == kind}


def _change(what: Found, attribution: Attribution) -> Data:
    """Gains are positive, costs too; gas is paid from outside the book."""
    parts = {
        "equity": attribution.change,
        "price": attribution.price,
        "interest": attribution.interest,
        "liquidity": attribution.liquidity,
        "positions": attribution.positions,
        "liquidations": attribution.liquidations,
        "external": attribution.external,
        "fees": attribution.fees,
        "slippage": attribution.slippage,
        "rounding": attribution.rounding,
        "gas": attribution.gas,
    }
    return {name: _worth(what, value) for name, value in parts.items()}


def _settlement(settlement: Settlement) -> Plain:
    return plain(settlement)


# ------------------------------------------------------------------------------------ decided


def _decisions(what: Found) -> Data:
    told: Data = {}
    for name, decision in what.block.tick.decisions.items():
        if not isinstance(decision, Target):
            told[name] = {"decision": "hold", "why": decision.why}
            continue
        told[name] = {
            "decision": "target",
            "why": decision.why,
            "edge_per_year": decimal(decision.edge),
            "weights": {leg.place.key: decimal(leg.weight) for leg in decision.legs},
            "margins": {p.place.key: decimal(p.margin) for p in decision.legs if p.margin},
        }
    return told


def _limit(limit: Limit) -> Data:
    """A limit with what was measured and what is allowed."""
    return {
        "limit": limit.limit,
        "measured": decimal(limit.measured),
        "allowed": decimal(limit.allowed),
        "is_within": limit.measured <= limit.allowed,
    }


def _plan(what: Found, plan: Plan, plan_hash: str | None) -> Data:
    cost = plan.cost
    return {
        "hash": plan_hash,
        "deadline": moment(plan.bounds.deadline),
        "leaves_at_least": [*what.lexicon.bounds(plan.bounds)],
        "actions": [_action(what, action) for action in plan.actions],
        "cost": {
            "gas_units": plain(cost.gas_units),
            "gas": _worth(what, cost.gas),
            "fees": _worth(what, cost.fees),
            "slippage": _worth(what, cost.slippage),
            "total": _worth(what, cost.total),
        },
        "gain": _worth(what, plan.gain),
        "lowers_risk": plan.lowers_risk,
    }


def _action(what: Found, action: Action) -> Data:
    return {
        "kind": type(action).__name__,
        "market": what.lexicon.market(action.market),
        "words": what.lexicon.action(action),
    }


def _verdict(verdict: Approved | Refused | None) -> Plain:
    match verdict:
        case None:
            return None
        case Refused():
            return {"verdict": "refused", "why": verdict.why, "measures": [_limit(verdict)]}
        case Approved():
            return {"verdict": "approved", "measures": [*map(_limit, verdict.measures)]}
