"""The Uniswap V3 adapter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read
from trimtab.core.actions import Action, AddLiquidity, Collect, RemoveLiquidity, Swap, SwapExactOut
from trimtab.core.adapter import Question
from trimtab.core.errors import ConfigError, InvariantViolation
from trimtab.core.market import Accounts, Audit, Holding, Market, pooled, uncollected
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.uniswap_v3 import encode, logs, model, reads
from trimtab.protocols.uniswap_v3.market import Pool, PoolState, PositionKey, PositionState


class UniswapV3Adapter:
    """A pool's price, liquidity, fees, oracle and ticks, and positions of owners.

    See `trimtab.core.adapter.Adapter`.
    """

    def reads(self, question: Question[PoolState]) -> tuple[Read, ...]:
        """The hot fields; then, where they are missing, the bitmap, ticks and observations."""
        return reads.reads(cast(Pool, question.market), question)

    def decode(self, question: Question[PoolState], answers: Sequence[Answer]) -> PoolState:
        """The state that the answers give, on top of what is known."""
        return reads.decode(cast(Pool, question.market), question, answers)

    def accrue(self, state: PoolState, at: Timestamp) -> PoolState:
        """The state at a later moment: nothing that is kept of a pool changes by time."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """A swap through the router, or a change of a range."""
        pool = cast(Pool, states.market(action.market))
        match action:
            case Swap():
                return model.exact_input_single(states, pool, action)
            case SwapExactOut():
                return model.exact_output_single(states, pool, action)
            case AddLiquidity():
                return model.add_liquidity(states, pool, action)
            case RemoveLiquidity():
                return model.remove_liquidity(states, pool, action)
            case Collect():
                return model.collect(states, pool, action)
            case _:
                raise _foreign(action)

    def observe(self, state: PoolState, log: Log) -> PoolState:
        """The state after an event of the pool."""
        return logs.observed(state, log)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The router's call, the minter's, or the pool's own."""
        pool = cast(Pool, states.market(action.market))
        match action:
            case Swap():
                return (encode.exact_input_single(pool, action),)
            case SwapExactOut():
                return (encode.exact_output_single(pool, action),)
            case AddLiquidity():
                return (encode.mint(pool, action),)
            case RemoveLiquidity():
                return (encode.burn(pool, action),)
            case Collect():
                return (encode.collect(pool, action),)
            case _:
                raise _foreign(action)

    def holdings(
        self, states: States, market: Market[PoolState], account: Address
    ) -> tuple[Holding, ...]:
        """What removing each range's liquidity gives, and what the pool owes the range.

        What is owed counts fees up to the state's moment, and not what removing would add.
        """
        pool, state = cast(Pool, market), states[market]
        return tuple(
            holding
            for key, position in _of(state, account)
            for holding in _holdings(pool, state, key, position)
        )

    def emitters(self, market: Market[PoolState]) -> tuple[Address, ...]:
        """The pool itself."""
        return (market.address,)

    def audits(
        self, market: Market[PoolState], state: PoolState | None, account: Address
    ) -> tuple[Audit, ...]:
        """What the pool stores of each position that the state knows: its liquidity, what it owes.

        Liquidity is in the first word, what is owed of either token in the last two.
        """
        pool, found = cast(Pool, market), []
        for key, _ in () if state is None else _of(state, account):
            read, ticks = reads.position_read(pool, key), key[1:]
            for at, token in enumerate((pool.token0, pool.token1)):
                found.append(Audit(pooled(pool.id, token, ticks), read))
                found.append(Audit(uncollected(pool.id, token, ticks), read, 3 + at))
        return tuple(found)

    def narrow(self, state: PoolState, accounts: Accounts) -> PoolState:
        """The pool, and these owners' positions."""
        return replace(
            state,
            owners=accounts.owners,
            positions={k: p for k, p in state.positions.items() if k[0] in accounts.owners},
        )

    def taken_over(self, state: PoolState, owned: PoolState, accounts: Accounts) -> PoolState:
        """The state with the owners' positions of `owned`; the pool's ticks and liquidity stay.

        Raises ConfigError where liquidity lies in a range that the state's pool has not.
        """
        kept = {k: p for k, p in state.positions.items() if k[0] not in accounts.owners}
        taken = {k: p for k, p in owned.positions.items() if k[0] in accounts.owners}
        for (_, *ticks), position in taken.items():
            if position.liquidity and not set(ticks) <= set(state.initialized):
                raise ConfigError(
                    f"liquidity of a modelled account lies from tick {ticks[0]} to {ticks[1]}, "
                    "where the live pool has none: paper cannot hold liquidity there; run it in "
                    "a rehearsal"
                )
        return replace(state, positions=dict(sorted((kept | taken).items())))


def _foreign(action: Action) -> InvariantViolation:
    return InvariantViolation("INV-5 the adapter law", f"a pool cannot {action}")


def _of(state: PoolState, account: Address) -> list[tuple[PositionKey, PositionState]]:
    """The positions of an account, in order of their ticks."""
    return sorted((k, p) for k, p in state.positions.items() if k[0] == account)


def _holdings(
    pool: Pool, state: PoolState, key: PositionKey, position: PositionState
) -> list[Holding]:
    ticks, found = key[1:], []
    amounts = model.amounts_of(state, ticks, position.liquidity)
    owed = model.fees_owed(state, ticks, position)
    stored = (position.owed0, position.owed1)
    for token, raw, due, shares in zip(
        (pool.token0, pool.token1), amounts, owed, stored, strict=True
    ):
        if position.liquidity:
            found.append(Holding(pooled(pool.id, token, ticks), position.liquidity, raw))
        if due or shares:
            found.append(Holding(uncollected(pool.id, token, ticks), shares, due))
    return found
