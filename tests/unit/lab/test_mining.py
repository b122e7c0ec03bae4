"""The order of a block's transactions."""

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.lab.market import place
from trimtab.core.token import Address
from trimtab.lab.mining import Waiting, ordered

SENDERS = [place(number) for number in range(1, 5)]


def waiting(sender: Address, nonce: int, tip: int, rank: int = 0) -> Waiting:
    return Waiting(sender, nonce, tip, rank, ("eth_sendTransaction", ()))


@st.composite
def queues(draw: st.DrawFn) -> list[Waiting]:
    found = [
        waiting(sender, 10 + number, draw(st.integers(-3, 9)), draw(st.integers(0, 2)))
        for sender in SENDERS
        for number in range(draw(st.integers(0, 4)))
    ]
    return draw(st.permutations(found))


def first_nonces_left(left: Sequence[Waiting]) -> list[Waiting]:
    return [
        each
        for each in left
        if each.nonce == min(other.nonce for other in left if other.sender == each.sender)
    ]


@given(queues())
def test_ordered__any_queue__each_is_the_best_of_the_possible(queue: list[Waiting]) -> None:
    found = ordered(queue)
    assert sorted(found, key=repr) == sorted(queue, key=repr)
    for index, chosen in enumerate(found):
        possible = first_nonces_left(found[index:])
        assert chosen == min(possible, key=lambda each: (-each.tip, each.rank, each.sender))


@given(queues(), st.randoms(use_true_random=False))
def test_ordered__however_they_came__the_same(queue: list[Waiting], random: Random) -> None:
    shuffled = list(queue)
    random.shuffle(shuffled)
    assert ordered(shuffled) == ordered(queue)


def test_ordered__a_high_tip_behind_a_low_one__waits_for_it() -> None:
    alice, bob = SENDERS[:2]
    low, high, middle = waiting(alice, 0, 1), waiting(alice, 1, 9), waiting(bob, 0, 5)
    assert ordered([high, low, middle]) == (middle, low, high)


def test_ordered__equal_tips__by_rank_then_address() -> None:
    later, earlier = waiting(SENDERS[0], 0, 5, rank=2), waiting(SENDERS[1], 0, 5, rank=1)
    stranger = waiting(SENDERS[3], 0, 5, rank=2)
    assert ordered([stranger, later, earlier]) == (earlier, later, stranger)
