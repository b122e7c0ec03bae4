import asyncio
from typing import Any

import pytest

from tests.unit.chain.fake_chain import ACCOUNT, FakeChain, head_of
from tests.unit.chain.fake_node import CHAIN, Refused, hash_of
from tests.unit.chain.several import Clock, Peer, peers, played
from tests.unit.chain.test_reader import ACCOUNTS, ADAPTERS, MARKETS, directly
from trimtab.chain.blocks import Freshness, block_by_hash, check_canonical, head
from trimtab.chain.node import Node
from trimtab.chain.nodes import Nodes
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import NodeRefusal, Request
from trimtab.core.errors import ConfigError, Reorg, RpcError, StaleState
from trimtab.core.reading import Observation

PINNED = block_by_hash(head_of(5))


async def newest(nodes: Node) -> int:
    return (await head(nodes, "latest")).number


async def observed(nodes: Node) -> Observation:
    reader = Reader(nodes, ADAPTERS, MARKETS, ACCOUNTS, ACCOUNT)
    return await reader.observe(None, await head(nodes, "latest"))


# ---------------------------------------------------------------------------------- failover


def test_batch__first_node_well__the_others_are_not_asked() -> None:
    a, b = peers(5, 5)
    assert played([a, b], newest) == 5
    assert (a.asked, b.asked) == (1, 0)


@pytest.mark.parametrize("fault", ["down", "wrong chain", "garbage", "no block"])
def test_batch__first_node_fails__the_next_answers(fault: str) -> None:
    a, b = peers(5, 6)
    a.is_down = fault == "down"
    a.chain_id = 1 if fault == "wrong chain" else CHAIN
    if fault == "garbage":
        a.lies("eth_getBlockByNumber", lambda header: {**header, "hash": "0x12"})
    if fault == "no block":
        a.lies("eth_getBlockByNumber", lambda _: None)
    assert played([a, b], newest) == 6


def test_batch__node_failed__rests_longer_with_each_failure_and_then_is_asked_first() -> None:
    a, b = peers(5, 5)
    clock = Clock()

    async def scene(nodes: Nodes) -> list[tuple[int, int]]:
        seen = []
        a.is_down = True
        for wait in (0.0, 0.9, 0.2, 1.9, 0.2):
            clock.now += wait
            await newest(nodes)
            seen.append((a.asked, b.asked))
        a.is_down = False
        clock.now += 4.0
        for _ in range(2):
            await newest(nodes)
            seen.append((a.asked, b.asked))
        return seen

    resting, tried, well = (0, 1), (1, 1), (1, 0)
    assert played([a, b], scene, clock=clock) == [
        *(tried, resting, tried, resting, tried, well, well)
    ]


def test_batch__node_was_well_again__rests_as_briefly_as_the_first_time() -> None:
    a, b = peers(5, 5)
    clock = Clock()

    async def scene(nodes: Nodes) -> None:
        for _ in range(3):
            a.is_down = True
            await newest(nodes)
            a.is_down = False
            clock.now += 1
            await newest(nodes)
            assert "a.example" in str(nodes.url)

    played([a, b], scene, clock=clock)


def test_batch__many_failures__rests_no_longer_than_the_longest() -> None:
    a, b = peers(5, 5)
    a.is_down = True
    clock = Clock()

    async def scene(nodes: Nodes) -> None:
        for _ in range(9):
            await newest(nodes)
            clock.now += 8
            assert a.asked == 1

    played([a, b], scene, clock=clock)


def test_batch__all_rest__whose_time_is_over_first_is_asked() -> None:
    a, b = peers(5, 5)
    a.is_down = b.is_down = True
    clock = Clock()

    async def scene(nodes: Nodes) -> list[tuple[int, int]]:
        seen = []
        for _ in range(4):
            with pytest.raises(RpcError):
                await newest(nodes)
            seen.append((a.asked, b.asked))
            clock.now += 0.1
        return seen

    # both until 1.0; a until 2.1; b until 2.2; a again
    assert played([a, b], scene, clock=clock) == [(1, 1), (1, 0), (0, 1), (1, 0)]


def test_batch__all_nodes_down__each_named_and_the_one_due_first_asked_again() -> None:
    a, b = peers(5, 5)
    a.is_down = b.is_down = True

    async def scene(nodes: Nodes) -> None:
        with pytest.raises(RpcError, match=r"none of 2 nodes answers: .*a\.example.*b\.example"):
            await newest(nodes)
        assert (a.asked, b.asked) == (1, 1)
        with pytest.raises(RpcError, match=r"a\.example") as caught:
            await newest(nodes)
        assert caught.value.fault == "transport"
        assert (a.asked, b.asked) == (1, 0)

    played([a, b], scene)


def test_batch__node_back_after_failure__states_its_chain_again_before_it_is_believed() -> None:
    a, b = peers(5, 5)
    clock = Clock()

    async def scene(nodes: Nodes) -> None:
        assert await newest(nodes) == 5
        a.is_down = True
        await newest(nodes)
        a.is_down, a.chain_id = False, 1  # another machine answers at the address now
        clock.now += 60
        assert a.asked + b.asked
        await nodes.ask(PINNED)
        assert (a.asked, b.asked) == (1, 1)

    played([a, b], scene, clock=clock)


def test_batch__refused_by_one__another_may_offer_it_and_the_first_keeps_its_turn() -> None:
    a, b = peers(5, 5)
    b.node.methods["eth_simulateV1"] = lambda *_: "done"

    async def scene(nodes: Nodes) -> None:
        async def work(node: Node) -> str:
            return (await node.ask(Request("eth_simulateV1"))).into(str)

        assert await nodes.whole(work) == "done"
        assert "a.example" in str(nodes.url)
        b.node.methods["eth_simulateV1"] = lambda *_: (_ for _ in ()).throw(Refused(3, "no"))
        with pytest.raises(NodeRefusal, match="does not exist"):
            await nodes.whole(work)

    played([a, b], scene)


def test_observe__node_dies_halfway__the_whole_reading_by_the_other() -> None:
    a, b = peers(5, 5)
    calls = 0

    def dying(answer: str) -> str:
        nonlocal calls
        calls += 1
        if calls == 3:  # in the second round of reads
            a.is_down = True
            raise Refused(-32000, "shutting down")
        return answer

    a.lies("eth_call", dying)
    observation = played([a, b], observed)
    assert observation.states == directly(b.chain, observation, None)
    assert a.node.count("eth_getBlockByHash") == b.node.count("eth_getBlockByHash") == 1


def test_observe__second_node_is_behind__reorg_only_where_no_node_has_the_block() -> None:
    a, b = peers(5, 4)
    clock = Clock()

    async def scene(nodes: Nodes) -> None:
        at = await head(nodes, "latest")
        reader = Reader(nodes, ADAPTERS, MARKETS, ACCOUNTS, ACCOUNT)
        await reader.observe(None, at)
        a.is_down = True
        with pytest.raises(Reorg):
            await reader.observe(None, at)
        a.is_down = False
        clock.now += 1
        await reader.observe(None, at)

    played([a, b], scene, clock=clock)


def test_ask__sending__never_through_a_node_for_reading() -> None:
    (a,) = peers(5)

    async def scene(nodes: Nodes) -> None:
        await nodes.ask(Request("eth_sendRawTransaction", ("0x00",)))

    for quorum in (1, 2):
        with pytest.raises(ValueError, match="that is the relay's part"):
            played([a] * quorum, scene, quorum)
    assert a.node.count("eth_sendRawTransaction") == 0


# ---------------------------------------------------------------------- start, age and height


def test_check_chain__one_node_of_another_chain__refused_though_the_others_are_well() -> None:
    several = peers(5, 5, 5)
    several[2].chain_id = 1
    with pytest.raises(RpcError, match=r"c\.example serves chain 1, expected 31337") as caught:
        played(several, lambda nodes: nodes.check_chain())
    assert caught.value.fault == "wrong_chain"


def test_check_chain__some_down__well_as_long_as_a_quorum_answers() -> None:
    several = peers(5, 5, 5)
    several[0].is_down = True
    played(several, lambda nodes: nodes.check_chain(), quorum=2)
    several[1].is_down = True
    with pytest.raises(RpcError, match="2 nodes must answer") as caught:
        played(several, lambda nodes: nodes.check_chain(), quorum=2)
    assert caught.value.fault == "transport"


def test_check_chain__done__not_asked_again_with_the_first_read() -> None:
    (a,) = peers(5)

    async def scene(nodes: Nodes) -> None:
        await nodes.check_chain()
        await nodes.ask(PINNED)
        assert a.node.count("eth_chainId") == 1
        await newest(nodes)
        assert a.node.count("eth_chainId") == 2

    played([a], scene)


@pytest.mark.parametrize("late, expected", [(60, 5), (61, 7)])
def test_head__older_than_the_bound__a_fresher_node_is_asked(late: int, expected: int) -> None:
    now = float(head_of(5).timestamp + late)
    several = peers(5, 7)
    assert played(several, newest, freshness=Freshness(60, lambda: now)) == expected


def test_head__no_node_fresh__stale_state() -> None:
    fresh = Freshness(60, lambda: float(head_of(5).timestamp + 61))
    with pytest.raises(StaleState, match="5, is 61 s old, allowed are 60"):
        played(peers(5), newest, freshness=fresh)
    with pytest.raises(StaleState, match="none of 2 nodes answers"):
        played(peers(5, 5), newest, freshness=fresh)
    with pytest.raises(StaleState, match="61 s old"):
        played(peers(5, 5), newest, quorum=2, freshness=fresh)


def test_head__of_the_future__inconsistent() -> None:
    fresh = Freshness(60, lambda: float(head_of(5).timestamp - 61))
    with pytest.raises(RpcError, match="61 s ahead of this machine's clock") as caught:
        played(peers(5), newest, freshness=fresh)
    assert caught.value.fault == "inconsistent"


def test_head__finalized__may_be_as_old_as_it_is() -> None:
    fresh = Freshness(60, lambda: float(head_of(5).timestamp + 61))
    for quorum in (1, 2):
        found = played(peers(5, 5), lambda n: head(n, "finalized"), quorum, fresh)
        assert found == head_of(5)


@pytest.mark.parametrize("quorum", [1, 2])
def test_head__as_far_ahead_as_the_bound__believed(quorum: int) -> None:
    fresh = Freshness(60, lambda: float(head_of(5).timestamp - 60))
    assert played(peers(5, 5), newest, quorum, fresh) == 5


def test_head__first_node_goes_back__the_second_is_believed() -> None:
    a, b = peers(7, 8)

    async def scene(nodes: Nodes) -> list[int]:
        first = await newest(nodes)
        a.chain.height = 6
        return [first, await newest(nodes)]

    assert played([a, b], scene) == [7, 8]


def test_head__all_nodes_go_back__told_once_and_then_believed() -> None:
    a, b = peers(7, 5)

    async def scene(nodes: Nodes) -> None:
        assert await newest(nodes) == 7
        a.chain.height = 6
        with pytest.raises(StaleState, match="is 6, and 7 was told of before"):
            await newest(nodes)
        assert await newest(nodes) == 6

    played([a, b], scene)


def test_head__quorum_goes_back__told_once_and_then_believed() -> None:
    several = peers(7, 7, 7)

    async def scene(nodes: Nodes) -> None:
        assert await newest(nodes) == 7
        several[0].chain.height = several[1].chain.height = 6
        with pytest.raises(StaleState, match="is 6, and 7 was told of before"):
            await newest(nodes)
        assert await newest(nodes) == 6
        several[1].chain.height = 7
        assert await newest(nodes) == 7

    played(several, scene, quorum=2)


def test_head__another_block_of_the_same_number__is_no_going_back() -> None:
    (a,) = peers(7)

    async def scene(nodes: Nodes) -> str:
        await newest(nodes)
        a.chain.fork = "b"
        return (await head(nodes, "latest")).hash

    assert played([a], scene) == hash_of(7, "b")


# ------------------------------------------------------------------------------------ quorum


def test_nodes__quorum_that_cannot_be__config_error() -> None:
    for quorum in (0, 3):
        with pytest.raises(ConfigError, match=f"{quorum} of 2 nodes cannot agree"):
            played(peers(5, 5), newest, quorum)


@pytest.mark.parametrize(
    "heights, quorum, expected",
    [
        ((5, 5), 2, 5),
        ((6, 5), 2, 5),
        ((9, 6, 5), 2, 6),
        ((9, 6, 5), 3, 5),
        ((5, 6, 9), 2, 6),
    ],
)
def test_head__quorum__the_highest_that_enough_have_come_to(
    heights: tuple[int, ...], quorum: int, expected: int
) -> None:
    assert played(peers(*heights), newest, quorum) == expected


def test_head__one_is_behind__asked_for_no_block_that_it_has_not_and_not_set_aside() -> None:
    several = peers(9, 6, 5)

    async def scene(nodes: Nodes) -> list[int]:
        assert await newest(nodes) == 6
        first = [peer.asked for peer in several]
        await newest(nodes)
        assert [peer.asked for peer in several] == first
        return first

    assert played(several, scene, quorum=2) == [2, 2, 1]


def test_head__one_claims_a_far_block__left_out() -> None:
    several = peers(5, 5, 5)
    several[1].chain.height = 10**6
    assert played(several, newest, quorum=2) == 5


def test_head__one_on_another_fork__outvoted_or_inconsistent() -> None:
    liar, b, c = Peer("a", FakeChain(5, "f")), *peers(5, 5)
    found = played([liar, b, c], lambda nodes: head(nodes, "latest"), quorum=2)
    assert found == head_of(5)
    with pytest.raises(RpcError, match="contradict each other about eth_getBlockByNumber") as told:
        played([liar, b], newest, quorum=2)
    assert told.value.fault == "inconsistent"


def test_head__forks_part_at_the_top__the_highest_block_agreed_on() -> None:
    a, b = peers(6, 6)
    truth = b.node.methods["eth_getBlockByNumber"]
    other = FakeChain(6, "f").by_number

    def forked(tag: str, full: bool) -> Any:
        at_top = not tag.startswith("0x") or int(tag, 16) == 6
        return other("latest", full) if at_top else truth(tag, full)

    b.node.methods["eth_getBlockByNumber"] = forked
    (c,) = peers(5)
    assert played([a, b, c], lambda nodes: head(nodes, "latest"), quorum=2) == head_of(5)


def test_observe__liar_under_the_right_hash__contradicted_by_the_second_node() -> None:
    liar, honest = peers(5, 5)
    liar.lies("eth_call", lambda data: data[:-1] + ("0" if data[-1] != "0" else "1"))
    with pytest.raises(RpcError, match="contradict each other about eth_call") as caught:
        played([liar, honest], observed, quorum=2)
    assert caught.value.fault == "inconsistent"
    lied = played([liar, honest], observed)
    assert lied.states != directly(honest.chain, lied, None)  # one node alone would be believed


def test_observe__liar_among_three__outvoted_and_set_aside() -> None:
    liar, b, c = peers(5, 5, 5)
    liar.lies("eth_call", lambda data: data[:-1] + ("0" if data[-1] != "0" else "1"))

    async def scene(nodes: Nodes) -> Observation:
        await observed(nodes)
        assert liar.asked
        found = await observed(nodes)
        assert liar.asked == 0
        return found

    observation = played([liar, b, c], scene, quorum=2)
    assert observation.states == directly(b.chain, observation, None)


def test_quorum__one_of_two_down__transport() -> None:
    a, b = peers(5, 5)
    b.is_down = True
    for work in (newest, lambda nodes: nodes.ask(PINNED)):
        with pytest.raises(RpcError, match=r"b\.example gives no answer") as caught:
            played([a, b], work, quorum=2)
        assert caught.value.fault == "transport"


def test_quorum__two_of_three_down__each_named() -> None:
    several = peers(5, 5, 5)
    several[0].is_down = several[2].is_down = True
    with pytest.raises(RpcError, match=r"1 nodes answer, 2 must agree: .*a\..*c\."):
        played(several, lambda nodes: nodes.ask(PINNED), quorum=2)


def test_quorum__node_was_well_again__rests_as_briefly_as_the_first_time() -> None:
    several = peers(5, 5, 5)
    clock = Clock()

    async def scene(nodes: Nodes) -> None:
        for _ in range(3):
            several[0].is_down = True
            await nodes.ask(PINNED)
            several[0].is_down = False
            clock.now += 1
            assert several[0].asked == 1
            await nodes.ask(PINNED)
            assert several[0].asked == 1

    played(several, scene, quorum=2, clock=clock)


def test_quorum__one_of_three_down__the_other_two_answer_and_it_rests() -> None:
    several = peers(5, 5, 5)
    several[0].is_down = True

    async def scene(nodes: Nodes) -> list[int]:
        await observed(nodes)
        assert several[0].asked
        await observed(nodes)
        return [peer.asked > 0 for peer in several]

    assert played(several, scene, quorum=2) == [False, True, True]


@pytest.mark.parametrize("method", ["eth_getTransactionCount", "eth_getTransactionReceipt"])
def test_quorum__counts_and_receipts__must_agree(method: str) -> None:
    a, b = peers(5, 5)
    receipt = {"transactionHash": hash_of(1), "status": "0x1", "blockHash": hash_of(5)}
    for peer, status in ((a, "0x1"), (b, "0x1")):
        counted = method == "eth_getTransactionCount"
        told: object = status if counted else {**receipt, "status": status, "extra": peer.name}
        peer.node.methods[method] = lambda *_, told=told: told
    asked = Request(method, (hash_of(1),))
    played([a, b], lambda nodes: nodes.ask(asked), quorum=2)
    b.lies(method, lambda told: "0x2" if isinstance(told, str) else {**told, "status": "0x0"})
    with pytest.raises(RpcError, match=f"contradict each other about {method}"):
        played([a, b], lambda nodes: nodes.ask(asked), quorum=2)


def test_check_canonical__quorum_of_a_later_fork__reorg() -> None:
    several = (Peer("a", FakeChain(6, "f")), Peer("b", FakeChain(6, "f")))
    with pytest.raises(Reorg):
        played(several, lambda nodes: check_canonical(nodes, (head_of(5),)), quorum=2)


def test_quorum__both_refuse_alike__the_refusal_is_a_value() -> None:
    async def scene(nodes: Nodes) -> None:
        reply = await nodes.ask(Request("eth_unknown"))
        assert reply.refusal is not None
        assert reply.refusal.code == -32601

    played(peers(5, 5), scene, quorum=2)


def test_close__twice__nothing_is_left_open() -> None:
    async def scene() -> None:
        nodes = Nodes([peer.rpc for peer in peers(5, 5)])
        await nodes.close()
        await nodes.close()

    asyncio.run(scene())
