"""What a mandate may not say although every key is known and of the right type."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction

from trimtab.mandate.document import Chain, Execution, LimitEntries, Mandate, StrategyEntry


def mistakes(mandate: Mandate) -> Iterator[str]:
    """Every mistake of meaning, in words."""
    if not mandate.markets:
        yield "`markets` is empty: name at least one"
    for name in _repeated(mandate.markets):
        yield f"`markets` names {name!r} more than once: keep one"
    yield from _of_strategies(mandate.strategies)
    yield from _of_limits(mandate.limits)
    yield from _of_chain(mandate.chain)
    yield from _of_execution(mandate.execution, mandate.limits)


def _of_strategies(entries: tuple[StrategyEntry, ...]) -> Iterator[str]:
    if not entries:
        yield "it names no strategy: add one under [[strategies]]"
        return
    for name in _repeated(entry.name for entry in entries):
        yield f"more than one strategy is named {name!r}: give each a name of its own"
    for entry in entries:
        if entry.share < 0:
            yield f"strategy {entry.name!r} has a share of {_shown(entry.share)}, expected 0 to 1"
        if entry.sweeps and entry.share:
            yield (
                f"strategy {entry.name!r} sweeps, so it has no share of its own: remove `share` "
                "or `sweeps`"
            )
        if not entry.sweeps and not entry.share:
            yield f"strategy {entry.name!r} has no capital: give it a `share`, or `sweeps = true`"
    sweepers = [entry.name for entry in entries if entry.sweeps]
    if len(sweepers) > 1:
        yield f"{_listed(sweepers)} sweep, at most one strategy may: remove `sweeps` from the rest"
    total = sum((entry.share for entry in entries), Fraction(0))
    if not 0 < total <= 1:
        yield (
            f"the strategies' shares sum to {_shown(total)}, expected more than 0 and at most 1: "
            "correct `share`"
        )


def _of_limits(limits: LimitEntries) -> Iterator[str]:
    yield from _outside({f'limits.cap."{name}"': cap for name, cap in limits.cap.items()})
    yield from _outside(
        {"limits.minimum_idle": limits.minimum_idle, "limits.slippage": limits.slippage}
    )
    if limits.turnover_per_day < 0:
        yield (
            f"`limits.turnover_per_day` is {_shown(limits.turnover_per_day)}, expected 0 or more: "
            "1 lets the whole book be sold once a day"
        )
    yield from _too_small("limits.state_age", limits.state_age, 1, "seconds")
    if limits.health < 1:
        yield (
            f"`limits.health` is {_shown(limits.health)}, expected 1 or more: a debt of a lower "
            "health factor can be liquidated"
        )
    if limits.gas_per_day is not None and limits.gas_per_day <= 0:
        yield (
            f"`limits.gas_per_day` is {_shown(limits.gas_per_day)}, expected more than 0 of the "
            "native token, such as 0.05"
        )
    if limits.max_equity is not None:
        yield from _too_small("limits.max_equity", limits.max_equity, 1, "whole numeraire tokens")


def _of_chain(chain: Chain) -> Iterator[str]:
    if not chain.rpc or not all(chain.rpc):
        yield "`chain.rpc` names no node: give at least one, such as `env:RPC_URL` or `local`"
    yield from _of_nodes(chain)
    yield from _too_small("chain.id", chain.id, 1, "a chain's number")
    yield from _too_small("chain.cadence", chain.cadence, 1, "blocks")
    yield from _too_small("chain.block_seconds", chain.block_seconds, 1, "seconds")
    yield from _too_small("chain.deadline_blocks", chain.deadline_blocks, 1, "blocks")
    yield from _too_small("chain.finality_depth", chain.finality_depth, 0, "blocks")
    if chain.blind_after is not None:
        least = 2 * chain.cadence * chain.block_seconds
        yield from _too_small("chain.blind_after", chain.blind_after, least, "seconds")


def _of_nodes(chain: Chain) -> Iterator[str]:
    if not 1 <= chain.quorum <= max(len(chain.rpc), 1):
        yield (
            f"`chain.quorum` is {chain.quorum}, expected 1 to {len(chain.rpc)}, the number of "
            "nodes in `chain.rpc`: so many must agree"
        )
    for name in _repeated(chain.rpc):
        if chain.quorum > 1:
            yield f"`chain.rpc` names {name!r} more than once: it would agree with itself; keep one"
    if chain.submit is not None and not (chain.submit and all(chain.submit)):
        yield "`chain.submit` names no node: give one, or remove it to send where `rpc` reads"
    yield from _too_small("chain.timeout", chain.timeout, 1, "seconds")
    if chain.max_head_age is not None:
        yield from _too_small("chain.max_head_age", chain.max_head_age, 0, "seconds")
    yield from _too_small("chain.sequencer_grace", chain.sequencer_grace, 0, "seconds")


def _of_execution(execution: Execution, limits: LimitEntries) -> Iterator[str]:
    yield from _outside({"execution.fill_tolerance": execution.fill_tolerance})
    if 0 <= limits.slippage <= 1 and execution.fill_tolerance >= limits.slippage:
        yield (
            f"`execution.fill_tolerance` is {_shown(execution.fill_tolerance)} and "
            f"`limits.slippage` {_shown(limits.slippage)}: no swap could keep both; a fill may be "
            "worse than modelled by less than it may lose in all"
        )
    yield from _too_small("execution.horizon_days", execution.horizon_days, 1, "days")
    yield from _too_small("execution.max_fee_gwei", execution.max_fee_gwei, 1, "gwei")
    yield from _too_small("execution.max_data_fee_gwei", execution.max_data_fee_gwei, 0, "gwei")
    if not 0 <= execution.priority_fee_gwei <= execution.max_fee_gwei:
        yield (
            f"`execution.priority_fee_gwei` is {_shown(execution.priority_fee_gwei)}, expected 0 "
            f"to `max_fee_gwei`, which is {execution.max_fee_gwei}"
        )


def _outside(shares: dict[str, Fraction]) -> Iterator[str]:
    for key, value in shares.items():
        if not 0 <= value <= 1:
            yield f'`{key}` is {_shown(value)}, expected 0 to 1, such as "35 %"'


def _too_small(key: str, value: int, least: int, unit: str) -> Iterator[str]:
    if value < least:
        yield f"`{key}` is {value}, expected {least} or more {unit}"


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))


def _shown(value: Fraction) -> str:
    return f"{float(value):g}"
