"""Paper: models over live heads, with an account that exists here alone.

What is assumed, of every plan: it is executed on the states of the next block that is read, after
everything else in that block; nobody reacts to it; and what it does to a market does not last
beyond its block, since the next states are the chain's own again. Only the account's positions
stay as the plan made them. No key is needed, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from trimtab.chain.blocks import head
from trimtab.chain.node import Node
from trimtab.chain.reader import Reader
from trimtab.core.adapter import adapter_of
from trimtab.core.market import Head
from trimtab.core.plan import Approved
from trimtab.core.reading import Observation
from trimtab.core.settlement import Failed, Intent, Landed
from trimtab.core.states import Applied, Done, States
from trimtab.core.token import Address
from trimtab.engine.bot import Bot
from trimtab.engine.memory import DEEPEST
from trimtab.engine.modelled import Narrowed, Sent, executed, intent_of
from trimtab.engine.sight import standing


@dataclass(frozen=True, slots=True)
class _Moment:
    """The chain's own states at a block, and those in which the account has what it has here.

    `ended` is what became of every plan until then, by its hash.
    """

    live: States
    owned: States
    ended: Mapping[str, Landed | Failed]


class Paper:
    """A live chain that our plans do not touch: see `trimtab.engine.run.World`.

    The account begins with what it has on the chain. `pull` waits for the next block to decide
    on; None ends the world.
    """

    def __init__(
        self,
        bot: Bot,
        rpc: Node,
        reader: Reader,
        pull: Callable[[], Awaitable[Head | None]],
    ) -> None:
        self._bot = bot
        self._rpc = rpc
        self._reader = reader
        self._pull = pull
        self._narrowed = Narrowed.of(bot)
        self._moments: dict[Head, _Moment] = {}
        self._sent: dict[str, Sent] = {}
        self._again: Head | None = None

    async def next(self, known: States | None) -> Observation | None:
        """The next block's states, the account's positions in them those that it has here."""
        at, self._again = self._again or await self._pull(), None
        if at is None:
            return None
        earlier = None if known is None else self._moments[known.head]
        seen = await self._reader.observe(None if earlier is None else earlier.live, at)
        newest = await head(self._rpc, "latest")
        moment, done = self._lived(seen, earlier or _Moment(seen.states, seen.states, {}))
        self._keep(at, moment)
        observation = self._narrowed.observation(
            moment.owned, done, seen.reading.base_fee, full=earlier is None
        )
        return replace(observation, age=max(newest.timestamp - at.timestamp, 0))

    async def standing(self, heads: Sequence[Head]) -> Head | None:
        """The newest of the heads that the chain still has; plans since are executed again."""
        kept, newest = await standing(self._rpc, heads)
        if kept != heads[-1]:
            self._again = newest
        return kept

    async def settle(self, intent: Intent, observation: Observation) -> Landed | Failed | None:
        """What became of the intent, once it is as deep as the mandate asks."""
        at = observation.states.head
        ended = self._moments[at].ended.get(intent.plan_hash)
        deepest = at.number - self._bot.execution.finality_depth
        return ended if ended is not None and ended.block <= deepest else None

    async def check_writer(self, observation: Observation, spent: Mapping[Address, int]) -> None:
        """Nothing: there is no key."""

    async def prepare(self, approved: Approved, observation: Observation) -> Intent:
        """The plan as an intent without bytes.

        Raises Infeasible where the gas would cost more than the mandate allows.
        """
        plan, at = approved.plan, observation.states.head
        base_fee, nonce = observation.reading.base_fee, len(self._sent)
        intent = intent_of(plan, at, self._bot.execution, base_fee, nonce)
        self._sent[plan.hash] = Sent(plan, intent)
        return intent

    async def renew(self, intent: Intent, observation: Observation, *, is_late: bool) -> Intent:
        """The intent as it is: it is executed at the next block."""
        return intent

    async def send(self, intent: Intent) -> None:
        """Nothing is sent."""

    def _lived(self, seen: Observation, earlier: _Moment) -> tuple[_Moment, list[Done]]:
        """The moment after the account's plans, and how it came to that.

        The block itself, each action of each plan, and the end of what they did to markets.
        """
        at, ended = seen.states.head, dict(earlier.ended)
        states = self._with_positions(seen.states, earlier.owned)
        done = [_moved(f"block {at.number}", states)]
        for plan_hash, sent in self._sent.items():
            if plan_hash in ended:
                continue
            after, ended[plan_hash], steps = executed(
                self._bot.adapters, states, sent, seen.reading.base_fee
            )
            states = self._with_positions(seen.states, after)
            done += (*steps, _moved(f"after {sent.transaction}", states))
        return _Moment(seen.states, states, ended), done

    def _with_positions(self, live: States, owned: States) -> States:
        """The chain's states, in which the account has what it has in the others."""
        taken = {
            market_id: adapter_of(self._bot.adapters, market).taken_over(
                live.state(market_id), owned.state(market_id), self._narrowed.accounts
            )
            for market_id, market in live.markets.items()
        }
        return replace(live, states=taken)

    def _keep(self, at: Head, moment: _Moment) -> None:
        """Remember the moment for the next, and for a reorg to go back to."""
        newest: Mapping[Head, _Moment] = {**self._moments, at: moment}
        self._moments = dict(list(newest.items())[-DEEPEST - 1 :])


def _moved(what: str, states: States) -> Done:
    """All markets as they are then, of which nothing is a movement of the account."""
    return Done(what, states.timestamp, Applied(states.states))
