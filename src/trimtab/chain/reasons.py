"""Why a batch reverted, as far as making its calls again tells."""

from collections.abc import Sequence

from trimtab.chain.node import Node
from trimtab.chain.rpc import NodeRefusal
from trimtab.chain.simulate import first_failure
from trimtab.core.abi import Call
from trimtab.core.market import Head
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Reverted
from trimtab.core.token import Address

NO_FAILURE = "each call goes through when the account makes it itself: is there too little gas?"
STOOD_IN_ITS_WAY = "it goes through on the block before: a transaction ahead of it stood in its way"


async def reason(
    rpc: Node,
    account: Address,
    calls: Sequence[Call],
    refusal: NodeRefusal | None,
    before: Head,
    own: Head,
) -> str:
    """Why a transaction reverted in the block `own`, in words.

    `calls` are those that it makes the account make, none where it is no batch of ours. `refusal`
    is how the node refuses the whole transaction on the block `before`; where it does not, the
    batch came too late, or what stood ahead of it in its block left something that still stands
    in its way after the block.
    """
    if refusal is None and not calls:
        return STOOD_IN_ITS_WAY
    again = await first_failure(rpc, account, calls, before, own.timestamp) if calls else None
    if refusal is not None:
        returned = refusal.data
        outer = Reverted(returned).reason if returned else refusal.words
        return f"{outer}; {again or NO_FAILURE}" if calls else outer
    if again is not None:
        return again
    later = Timestamp(own.timestamp + 1)  # nothing can be made again within a block that is full
    if await first_failure(rpc, account, calls, before, later) is not None:
        return STOOD_IN_ITS_WAY  # a second later it would be too late in any case
    after = await first_failure(rpc, account, calls, own, later)
    return STOOD_IN_ITS_WAY if after is None else f"{STOOD_IN_ITS_WAY}; after it, {after}"
