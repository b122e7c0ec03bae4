"""A seeded session in a pool that is born in a local world: something to record.

Owners mint and burn ranges around the price, traders swap both ways, exactly in and exactly out,
and to price limits that they reach. Everything is a transaction on the real contracts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from trimtab.core.abi import Call
from trimtab.core.token import Address
from trimtab.lab.streams import stream
from trimtab.lab.world import (
    DEFAULT_WORLD,
    Contract,
    LocalWorld,
    Transaction,
    factory_contract,
    minted,
    pool_contract,
    position_manager_contract,
    read,
    router_contract,
    token_contract,
    transaction,
)
from trimtab.lab.world.deploy_uniswap_v3 import sqrt_price_x96

BASE, QUOTE, FEE, SPACING = "WBTC", "WETH", 3000, 60
BLOCKS = 40
"""Blocks of a session; each holds up to four transactions."""

_FOREVER = 2**40
_PLENTY = 10**30
_OWNERS = 3
_MOST = 2**128 - 1


@dataclass(slots=True)
class _Session:
    """The world with its new pool, and the positions that are open."""

    world: LocalWorld
    pool: Contract
    tokens: tuple[Address, Address]
    random: np.random.Generator
    positions: list[tuple[int, Address, int]] = field(default_factory=list)
    """Number, owner and liquidity."""
    next_position: int = 0


def live(world: LocalWorld, seed: int, blocks: int = BLOCKS) -> Address:
    """The pool, after a session of this seed in it; `world` is one of DEFAULT_WORLD."""
    session = _born(world, seed)
    _mint(session, 0, everywhere=True)
    for number in range(1, blocks):
        _block(session, number)
    return session.pool.address


def _born(world: LocalWorld, seed: int) -> _Session:
    """A session whose pool has a price and nothing else, and whose owners can pay."""
    book = world.deployment
    base, quote = (DEFAULT_WORLD.token(symbol) for symbol in (BASE, QUOTE))
    by_address = {book.token(each.symbol).address: each for each in (base, quote)}
    token0, token1 = sorted(by_address, key=lambda each: int(each, 16))
    manager = position_manager_contract(book.uniswap_v3.position_manager)
    start = sqrt_price_x96(by_address[token0], by_address[token1])
    create = manager.call("createAndInitializePoolIfNecessary", token0, token1, FEE, start)
    world.mine(_sent(book.deployer, create))
    factory = factory_contract(book.uniswap_v3.factory)
    pool = pool_contract(read(world.rpc, factory, "getPool", token0, token1, FEE))
    session = _Session(world, pool, (token0, token1), stream(seed, "session"))
    session.next_position = sum(len(each.positions) for each in DEFAULT_WORLD.pools) + 1
    for owner in book.agents[:_OWNERS]:
        calls = [minted(token, owner, _PLENTY) for token in (token0, token1)]
        for spender in (manager.address, book.uniswap_v3.router):
            calls += [
                token_contract(token).call("approve", spender, 2**256 - 1)
                for token in (token0, token1)
            ]
        world.mine(*(_sent(owner, call) for call in calls))
    return session


def _block(session: _Session, number: int) -> None:
    """One block: a change of liquidity now and then, and swaps."""
    owner = session.world.deployment.agents[number % _OWNERS]
    if number % 4 == 1:
        _mint(session, number, everywhere=False)
    elif number % 4 == 3 and len(session.positions) > 1:
        _leave(session)
    session.world.mine(*(_swap(session, owner) for _ in range(int(session.random.integers(1, 4)))))


def _mint(session: _Session, number: int, *, everywhere: bool) -> None:
    book = session.world.deployment
    owner = book.agents[number % _OWNERS]
    _, tick, *_ = read(session.world.rpc, session.pool, "slot0")
    if everywhere:
        upper = 887_272 // SPACING * SPACING
        lower, amounts = -upper, (10**9, 10**19)
    else:
        middle = tick // SPACING + int(session.random.integers(-3, 4))
        lower = (middle - int(session.random.integers(0, 5))) * SPACING
        upper = (middle + int(session.random.integers(1, 6))) * SPACING
        amounts = (int(session.random.integers(1, 10**9)), int(session.random.integers(1, 10**18)))
    key = (*session.tokens, FEE, lower, upper)
    manager = position_manager_contract(book.uniswap_v3.position_manager)
    call = manager.call("mint", (*key, *amounts, 0, 0, owner, _FOREVER))
    (receipt,) = session.world.mine(_sent(owner, call))
    if receipt.ok:
        found = read(session.world.rpc, manager, "positions", session.next_position)
        session.positions.append((session.next_position, owner, found[7]))
        session.next_position += 1


def _leave(session: _Session) -> None:
    """All or a part of a position burnt, and what is owed collected."""
    at = int(session.random.integers(1, len(session.positions)))
    number, owner, liquidity = session.positions.pop(at)
    part = liquidity if session.random.integers(2) else liquidity // 3
    if part < liquidity:
        session.positions.append((number, owner, liquidity - part))
    manager = position_manager_contract(session.world.deployment.uniswap_v3.position_manager)
    burn = manager.call("decreaseLiquidity", (number, part, 0, 0, _FOREVER))
    collect = manager.call("collect", (number, owner, _MOST, _MOST))
    session.world.mine(_sent(owner, burn), _sent(owner, collect))


def _swap(session: _Session, owner: Address) -> Transaction:
    """A swap of some kind; the limit is near the price, so that large ones stop at it."""
    price, *_ = read(session.world.rpc, session.pool, "slot0")
    random = session.random
    zero_for_one = bool(random.integers(2))
    token_in, token_out = session.tokens if zero_for_one else session.tokens[::-1]
    first, second = (8, 18) if zero_for_one else (18, 8)
    is_exact_in = bool(random.integers(2))
    exponent = int(random.integers(2, (first if is_exact_in else second)))
    amount = int(random.integers(1, 10)) * 10**exponent
    step = price * int(random.integers(1, 200)) // 10_000
    limit = 0 if random.integers(3) else (price - step if zero_for_one else price + step)
    bound = 0 if is_exact_in else 2**255
    router = router_contract(session.world.deployment.uniswap_v3.router)
    name = "exactInputSingle" if is_exact_in else "exactOutputSingle"
    call = router.call(name, (token_in, token_out, FEE, owner, _FOREVER, amount, bound, limit))
    return _sent(owner, call)


def _sent(sender: Address, call: Call) -> Transaction:
    return transaction(sender, call)
