"""What logs tell of allowances that were spent without a word, and of shares."""

from __future__ import annotations

from functools import reduce

import pytest

from tests.unit.protocols.uniswap_v2.pairs import ALICE, BOB, NOW, PAIR, ROUTER, pair, state
from trimtab.core.abi import UINT256_MAX, Log, topic, word
from trimtab.core.market import Accounts
from trimtab.core.token import ZERO_ADDRESS, Address, address
from trimtab.protocols.shared.shares import Shares
from trimtab.protocols.uniswap_v2 import PairState, UniswapV2Adapter

ADAPTER = UniswapV2Adapter()
SWAPPED = "Swap(address,uint256,uint256,uint256,uint256,address)"
OTHER = address("0x" + "c" * 40)


def log(signature: str, indexed: tuple[Address, ...], *data: int, within: str = "one") -> Log:
    topics = (topic(signature), *map(word, indexed))
    return Log(PAIR, topics, b"".join(map(word, data)), 1, NOW, within, 0)


def moved(source: Address, target: Address, raw: int, within: str = "one") -> Log:
    return log("Transfer(address,address,uint256)", (source, target), raw, within=within)


def burnt(sender: Address, within: str = "one") -> Log:
    return log("Burn(address,uint256,uint256,address)", (sender, ALICE), 1, 1, within=within)


def after(of: PairState, *logs: Log) -> PairState:
    return reduce(ADAPTER.observe, logs, of)


def allowed(of: PairState) -> int:
    return of.shares.allowance(ALICE, ROUTER)


def test_observe__router_removes__allowance_spent() -> None:
    logs = (moved(ALICE, PAIR, 7), moved(PAIR, ZERO_ADDRESS, 7), burnt(ROUTER))
    left = after(state(), *logs)
    assert allowed(left) == 10**12 - 7
    assert (left.held, left.shares.supply) == (0, state().shares.supply - 7)
    assert left.shares.balance(ALICE) == 10**13 - 7


def test_observe__router_removes_with_a_protocol_fee__allowance_spent_on_the_shares() -> None:
    logs = (moved(ALICE, PAIR, 7), moved(ZERO_ADDRESS, PAIR, 3), moved(PAIR, ZERO_ADDRESS, 7))
    left = after(state(), *logs, burnt(ROUTER))
    assert allowed(left) == 10**12 - 7
    assert left.held == 3


def test_observe__boundless_allowance__stays() -> None:
    shares = Shares(10**15, {ALICE: 10**13}, {(ALICE, ROUTER): UINT256_MAX})
    left = after(state(shares=shares), moved(ALICE, PAIR, 7), burnt(ROUTER))
    assert allowed(left) == UINT256_MAX


@pytest.mark.parametrize(
    "logs",
    [
        (moved(ALICE, PAIR, 7), burnt(ROUTER, within="another")),
        (moved(ALICE, PAIR, 7), burnt(OTHER)),
        (moved(ALICE, PAIR, 7), moved(OTHER, PAIR, 9), burnt(ROUTER)),
        (moved(ALICE, BOB, 7), burnt(ROUTER)),
        (burnt(ROUTER),),
    ],
    ids=["gift in another transaction", "burnt by another", "of another", "no gift", "nothing"],
)
def test_observe__router_burns_what_it_did_not_take_of_her__allowance_stays(
    logs: tuple[Log, ...],
) -> None:
    assert allowed(after(state(), *logs)) == 10**12


def test_observe__two_removals_in_one_transaction__each_spends() -> None:
    first = (moved(ALICE, PAIR, 7), moved(PAIR, ZERO_ADDRESS, 7), burnt(ROUTER))
    second = (moved(ALICE, PAIR, 5), moved(PAIR, ZERO_ADDRESS, 5), burnt(ROUTER))
    assert allowed(after(state(), *first, *second)) == 10**12 - 12


def test_observe__second_burn_without_shares__spends_nothing_more() -> None:
    logs = (moved(ALICE, PAIR, 7), burnt(ROUTER), burnt(ROUTER))
    assert allowed(after(state(), *logs)) == 10**12 - 7


def test_observe__shares_sent_to_nobody__stay_in_the_supply() -> None:
    left = after(state(), moved(ALICE, ZERO_ADDRESS, 7))
    assert left.shares.supply == state().shares.supply
    assert left.shares.balance(ALICE) == 10**13 - 7


def test_observe__approval__replaces() -> None:
    said = log("Approval(address,address,uint256)", (ALICE, ROUTER), 5)
    assert allowed(after(state(), said)) == 5


def test_observe__sync__moves_the_oracle_by_the_old_reserves() -> None:
    left = after(state(1, 2), log("Sync(uint112,uint112)", (), 30, 40))
    assert (left.reserve0, left.reserve1, left.updated_at) == (30, 40, NOW)
    assert left.price0_cumulative == 2 * 2**112 * 12
    assert left.price1_cumulative == 2**112 // 2 * 12


@pytest.mark.parametrize("kind", ["Mint(address,uint256,uint256)", SWAPPED])
def test_observe__mint__notes_k_where_the_protocol_takes_a_part(kind: str) -> None:
    said = log(kind, (ROUTER,), 1, 1)
    noted = after(state(3, 5, fee_to=BOB), said).k_last
    assert noted == (15 if kind.startswith("Mint") else 0)
    assert after(state(3, 5, k_last=9), said).k_last == (0 if kind.startswith("Mint") else 9)


# ----------------------------------------------------------------- parts of a state


def test_narrow__some_accounts__their_shares_alone() -> None:
    kept = ADAPTER.narrow(state(held=5), Accounts((BOB,), (ROUTER, OTHER)))
    assert kept.shares == Shares(state().shares.supply, {BOB: 0}, {(BOB, ROUTER): 0})
    assert kept.held == 5


def test_taken_over__owners__what_they_have_elsewhere() -> None:
    owned = state(shares=Shares(1, {ALICE: 3, BOB: 4}, {(ALICE, ROUTER): 5, (BOB, ROUTER): 6}))
    found = ADAPTER.taken_over(state(held=9), owned, Accounts((ALICE,)))
    assert found.shares.balances == {ALICE: 3, BOB: 0}
    assert found.shares.allowances == {(ALICE, ROUTER): 5, (BOB, ROUTER): 0}
    assert (found.held, found.shares.supply) == (9, state().shares.supply)


def test_emitters__pair__itself() -> None:
    assert ADAPTER.emitters(pair()) == (PAIR,)
