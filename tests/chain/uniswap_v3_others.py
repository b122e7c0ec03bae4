"""What others do at a pool, on the real contracts: traders, a provider, a borrower, the owner."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.support import evm
from trimtab.core.abi import Call, Log, call_data, signed
from trimtab.core.token import Address
from trimtab.lab.world import Contract, pool_contract
from trimtab.protocols.uniswap_v3 import Pool

FOREVER = 2**40
MAX128 = 2**128 - 1
NO_MAXIMUM = 2**255
Logs = tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Others:
    """Everybody else at one pool; `do` draws from `random` what comes next."""

    machine: evm.Evm
    pool: Pool
    trader: Address
    provider: Address
    owner: Address
    manager: Contract
    router: Contract
    borrower: Contract
    random: random.Random

    def block(self, transactions: int) -> Logs:
        """The pool's logs of a next block; what a contract refuses leaves none."""
        self.machine.set_time(self.machine.time + 12)
        doings: list[Callable[[], Logs]] = [
            *[self.sell, self.buy] * 4,
            *[self.add, self.remove] * 2,
            *[self.poke, self.borrow, self.set_fee, self.collect_fees],
        ]
        return tuple(log for _ in range(transactions) for log in self.random.choice(doings)())

    def send(self, sender: Address, call: Call) -> Logs:
        """The pool's logs of one transaction."""
        _, _, logs = self.machine.call(sender, call.to, call.data)
        return tuple(log for log in logs if log.address == self.pool.address)

    # trading

    def sell(self) -> Logs:
        """An exact-in swap, at times with a price limit that ends it early."""
        (token_in, size), (token_out, _) = self._sides()
        order = (token_in, token_out, self.pool.fee, self.trader, FOREVER, size, 0)
        call = self.router.call("exactInputSingle", (*order, self._limit(token_in)))
        return self.send(self.trader, call)

    def buy(self) -> Logs:
        """An exact-out swap."""
        (token_in, _), (token_out, size) = self._sides()
        order = (token_in, token_out, self.pool.fee, self.trader, FOREVER, size, NO_MAXIMUM)
        call = self.router.call("exactOutputSingle", (*order, self._limit(token_in)))
        return self.send(self.trader, call)

    def _sides(self) -> list[tuple[Address, int]]:
        """Both tokens in either order, each with a size from dust to thousands of dollars."""
        sides = [
            (token.address, int(worth * 10 ** self.random.uniform(-6, 0.5)))
            for token, worth in zip(
                (self.pool.token0, self.pool.token1), self._worth(), strict=True
            )
        ]
        self.random.shuffle(sides)
        return sides

    def _limit(self, token_in: Address) -> int:
        if self.random.random() < 0.6:
            return 0
        price, _ = self._price_and_tick()
        step = self.random.choice([1, 10**6, price // 10**5, price // 100])
        return price - step if token_in == self.pool.token0.address else price + step

    # liquidity

    def add(self) -> Logs:
        """A position near the price, below it, above it or around it."""
        spacing, (_, tick) = self.pool.tick_spacing, self._price_and_tick()
        lower = (tick // spacing + self.random.randint(-12, 10)) * spacing
        ticks = (lower, lower + spacing * self.random.choice([1, 2, 5, 30]))
        amounts = [worth // 9 for worth in self._worth()]
        key = (self.pool.token0.address, self.pool.token1.address, self.pool.fee)
        order = (*key, *ticks, *amounts, 0, 0, self.provider, FOREVER)
        return self.send(self.provider, self.manager.call("mint", order))

    def remove(self) -> Logs:
        """A third or all of one of the provider's positions."""
        position = self._position()
        found = self._word(self.manager.address, "positions(uint256)", position, at=7)
        less = found // self.random.choice([1, 3])
        call = self.manager.call("decreaseLiquidity", (position, less, 0, 0, FOREVER))
        return self.send(self.provider, call)

    def poke(self) -> Logs:
        """Fees collected, for which a position of some liquidity burns none."""
        order = (self._position(), self.provider, MAX128, MAX128)
        return self.send(self.provider, self.manager.call("collect", order))

    def _position(self) -> int:
        count = self._word(self.manager.address, "balanceOf(address)", self.provider)
        at = self.random.randrange(max(1, count))
        signature = "tokenOfOwnerByIndex(address,uint256)"
        return self._word(self.manager.address, signature, self.provider, at)

    # fees

    def borrow(self) -> Logs:
        """A flash loan that pays ten times its size as fee, in either token, both or none."""
        fees = [self.random.choice([0, 10**4, 10**5 + 7]) for _ in range(2)]
        loans = [fee // 10 for fee in fees]
        return self.send(self.trader, self.borrower.call("borrow", self.pool.address, loans, fees))

    def set_fee(self) -> Logs:
        """Other shares of the protocol."""
        divisors = (self.random.choice([0, 4, 10]), self.random.choice([0, 5, 7]))
        pool = pool_contract(self.pool.address)
        return self.send(self.owner, pool.call("setFeeProtocol", *divisors))

    def collect_fees(self) -> Logs:
        """The protocol's fees taken out: all of token0's, some of token1's."""
        pool = pool_contract(self.pool.address)
        return self.send(self.owner, pool.call("collectProtocol", self.owner, MAX128, 10**6))

    # reading

    def _worth(self) -> tuple[int, int]:
        """What is worth some thousand dollars in either token, in base units."""
        whole = {"USDC": 3_000, "WETH": 2}
        token0, token1 = self.pool.token0, self.pool.token1
        return whole[token0.symbol] * token0.unit, whole[token1.symbol] * token1.unit

    def _price_and_tick(self) -> tuple[int, int]:
        price, tick = (self._word(self.pool.address, "slot0()", at=at) for at in (0, 1))
        return price, signed(tick)

    def _word(self, to: Address, signature: str, *arguments: int | str, at: int = 0) -> int:
        """One word of an answer; a refused read is 0, as for a position that is not there."""
        answer = self.machine.static(to, call_data(signature, *arguments))
        return int.from_bytes(answer.data[32 * at :][:32], "big") if answer.ok else 0
