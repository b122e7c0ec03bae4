"""A plan's transaction on its way: prepared, sent, and settled by its receipt."""

from dataclasses import dataclass, replace
from fractions import Fraction

import msgspec
from eth_utils.crypto import keccak

from trimtab.chain.blocks import Block, block, block_by_number
from trimtab.chain.fees import Fees
from trimtab.chain.node import Node
from trimtab.chain.reasons import NO_FAILURE, reason
from trimtab.chain.rollup import DataCharge, check_worth
from trimtab.chain.rpc import Reply, Request
from trimtab.chain.safe import Safe, inner_calls
from trimtab.chain.signer import Signed, Signer, Transaction
from trimtab.chain.simulate import compare, first_failure, simulate
from trimtab.chain.wire import account, block_hash, hexadecimal, pin, quantity
from trimtab.core.adapter import Adapters
from trimtab.core.errors import InvariantViolation, Reorg, RpcError
from trimtab.core.market import Head
from trimtab.core.plan import Approved
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Dropped, Ended, Failed, Intent, Landed, Mismatch
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address

_TRANSFER_GAS = 21_000


@dataclass(frozen=True, slots=True)
class Submitter:
    """Makes, sends and settles the transactions of one signer for one Safe.

    It remembers nothing: what is open is in the journal's intents.
    """

    rpc: Node
    adapters: Adapters
    signer: Signer
    safe: Safe
    charge: DataCharge | None = None
    """How the chain charges for data, where it does."""

    # ----------------------------------------------------------------------------- making

    async def prepare(
        self,
        approved: Approved,
        states: States,
        *,
        gas: int,
        fees: Fees,
        at: Timestamp,
        wei_price: Fraction = Fraction(0),
    ) -> Intent | Mismatch:
        """The signed transaction of a plan, simulated before it is signed; nothing is sent.

        Only what the review approved is ever signed (INV-4).

        `states` are those that the plan was made from, `at` the moment for which it was
        modelled, `gas` the limit in units, `wei_price` what a wei is worth in base units of the
        numeraire. Raises Infeasible or Uneconomic for what the chain asks for the data, RpcError,
        and SignerError.
        """
        plan, head = approved.plan, states.head
        call = self.safe.execution(plan.calls, plan.bounds)
        nonce = await self.nonce(head)
        transaction = Transaction(head.chain, nonce, call.to, call.data, call.value, gas, fees)
        data_fee = 0
        if self.charge is not None:
            transaction, fee = await self.charge.charged(self.rpc, transaction, head)
            check_worth(plan, fee, wei_price)
            data_fee = 0 if fee.gas else fee.wei  # it is paid as gas, or beside it
        simulated = await simulate(self.rpc, transaction, self.signer.address, head, at)
        mismatch = compare(self.adapters, states, simulated, plan.account, plan)
        if mismatch is None:
            return replace(self._intent(plan.hash, head, transaction), data_fee=data_fee)
        if simulated.ok:
            return mismatch
        batch = self.safe.batch(plan.calls, plan.bounds)
        why = await first_failure(self.rpc, self.safe.address, batch, head, at)
        if why is None:  # it is the Safe itself that refuses, and no market is to blame
            mismatch = replace(mismatch, quarantined=())
        return replace(mismatch, what=f"{mismatch.what}; {why or NO_FAILURE}")

    def raised(self, intent: Intent, fees: Fees) -> Intent:
        """The intent with the plan's own transaction once more, for higher fees."""
        return self._added(intent, replace(Transaction.of(intent.raws[0]), fees=fees))

    async def cancelled(self, intent: Intent, fees: Fees, head: Head) -> Intent:
        """The intent with one more transaction at its nonce, which does nothing."""
        own = self.signer.address
        nothing = Transaction(intent.chain, intent.nonce, own, b"", 0, _TRANSFER_GAS, fees)
        if self.charge is not None:
            fee = await self.charge.rollup.data_fee(self.rpc, nothing, head)
            nothing = replace(nothing, gas=nothing.gas + fee.gas)
        return replace(self._added(intent, nothing), cancels=True)

    async def nonce(self, head: Head) -> int:
        """How many transactions of the signer are part of the chain at this block."""
        return _count(await self.rpc.ask(_transaction_count(self.signer.address, head)))

    def _intent(self, plan_hash: str, head: Head, transaction: Transaction) -> Intent:
        empty = Intent(
            plan_hash=plan_hash,
            chain=transaction.chain,
            signer=self.signer.address,
            nonce=transaction.nonce,
            block=head.number,
            hashes=(),
            raws=(),
            gas=0,
            most_fee=0,
            tip=0,
        )
        return self._added(empty, transaction)

    def _added(self, intent: Intent, transaction: Transaction) -> Intent:
        signed: Signed = self.signer.sign(transaction)
        return replace(
            intent,
            hashes=(*intent.hashes, signed.hash),
            raws=(*intent.raws, signed.raw),
            gas=transaction.gas,
            most_fee=transaction.fees.most,
            tip=transaction.fees.tip,
        )


# ------------------------------------------------------------------------------------ sending


class _Known(msgspec.Struct, rename="camel"):
    """A transaction as a node gives it."""

    hash: str
    nonce: str
    gas: str
    input: str
    value: str
    from_: str = msgspec.field(name="from")
    to: str | None = None


async def send(rpc: Node, raw: bytes) -> None:
    """Broadcast a signed transaction; one that the node has already is no error.

    Raises RpcError where the node refuses it, or where it is not known whether it arrived: the
    intent stays open either way, and `outcome` tells what became of it.
    """
    expected = "0x" + keccak(raw).hex()
    reply = await rpc.ask(Request("eth_sendRawTransaction", ("0x" + raw.hex(),)))
    if reply.refusal is not None:
        # Nodes word "already known" in many ways, so whether it is known is asked instead.
        if (await rpc.ask(_transaction(expected))).maybe(_Known) is None:
            raise reply.refusal
        return
    stated = block_hash(reply.into(str), "transaction hash")
    if stated != expected:
        raise RpcError(f"the node took {expected} and called it {stated}", "inconsistent")


# ----------------------------------------------------------------------------------- settling


class _Receipt(msgspec.Struct, rename="camel"):
    transaction_hash: str
    block_number: str
    block_hash: str
    status: str
    gas_used: str
    effective_gas_price: str


async def outcome(rpc: Node, intent: Intent, at: Head, depth: int = 0) -> Ended | None:
    """What became of an intent as of a block, none while it is open.

    A receipt counts once `depth` blocks lie above it. Raises Reorg where a receipt is of
    another block than the chain's, and InvariantViolation (INV-13) where a transaction that is
    not one of the intent's used its nonce.
    """
    if _count(await rpc.ask(_transaction_count(intent.signer, at))) <= intent.nonce:
        return None  # and no hash is told to a node while the transaction is on its way
    asked = [Request("eth_getTransactionReceipt", (each,)) for each in intent.hashes]
    for expected, reply in zip(intent.hashes, await rpc.batch(asked), strict=True):
        receipt = reply.maybe(_Receipt)
        if receipt is not None:
            return await _settled(rpc, intent, expected, receipt, at, depth)
    await _check_consumer(rpc, intent, at)
    return None


async def _settled(
    rpc: Node, intent: Intent, expected: str, receipt: _Receipt, at: Head, depth: int
) -> Ended | None:
    number = quantity(receipt.block_number, "block number")
    found = block_hash(receipt.transaction_hash, "transaction hash")
    status = quantity(receipt.status, "status")
    if found != expected or status not in (0, 1):
        raise RpcError(
            f"the node gave a receipt of {found} with status {status} for {expected}",
            "inconsistent",
        )
    if number > at.number - depth:
        return None
    await _check_block(rpc, expected, number, block_hash(receipt.block_hash, "block hash"), at)
    gas_used = quantity(receipt.gas_used, "gas used")
    gas_price = quantity(receipt.effective_gas_price, "gas price")
    if gas_price > intent.most_fee:
        raise RpcError(f"the node tells {gas_price} wei a gas, over our offer", "inconsistent")
    if intent.cancels and expected == intent.hashes[-1]:
        why = f"cancelled by {expected} in block {number}"
        return Dropped(intent.plan_hash, why, gas_used, gas_price)
    if status == 1:
        return Landed(intent.plan_hash, expected, number, gas_used, gas_price)
    try:
        reason = await _reason(rpc, expected, number)
    except RpcError as error:
        reason = f"not known: {error}"
    return Failed(intent.plan_hash, expected, number, gas_used, gas_price, reason)


async def _check_block(rpc: Node, expected: str, number: int, found: str, at: Head) -> None:
    """Raise Reorg unless a receipt's block is one that `at` stands on.

    Where the chain still has `at`, what it has at a lower number is below it.
    """
    own = at
    if number != at.number:
        replies = await rpc.batch((block_by_number(number), block_by_number(at.number)))
        own, top = (_known_block(reply, rpc.chain).head for reply in replies)
        if top != at:
            raise Reorg(f"block {at.number} ({at.hash}) is gone: read the newest")
    if own.hash != found:
        raise Reorg(f"{expected} is in another block {number} than {own.hash}: read all anew")


async def _reason(rpc: Node, transaction_hash: str, number: int) -> str:
    """Why a transaction reverted, as far as running it again on the block before tells."""
    known, before, mined = await rpc.batch(
        (_transaction(transaction_hash), block_by_number(number - 1), block_by_number(number))
    )
    sent = known.into(_Known)
    parent, own = _known_block(before, rpc.chain), _known_block(mined, rpc.chain)
    fields = {"from": sent.from_, "to": sent.to, "data": sent.input, "value": sent.value}
    reply = await rpc.ask(Request("eth_call", ({**fields, "gas": sent.gas}, pin(parent.head))))
    calls = inner_calls(hexadecimal(sent.input, "input"))
    safe = ZERO_ADDRESS if sent.to is None else account(sent.to.lower())
    return await reason(rpc, safe, calls, reply.refusal, parent.head, own.head)


async def _check_consumer(rpc: Node, intent: Intent, at: Head) -> None:
    """Raise InvariantViolation unless the transaction that used the nonce is the intent's own.

    A node may know the nonce before it serves the receipt, so the transaction itself is looked
    for: first its block, by halving, then the transaction in it.
    """
    low, high = intent.block, at.number
    while low + 1 < high:
        middle = (low + high) // 2
        request = Request("eth_getTransactionCount", (intent.signer, hex(middle)))
        is_used = _count(await rpc.ask(request)) > intent.nonce
        low, high = (low, middle) if is_used else (middle, high)
    full = await rpc.ask(Request("eth_getBlockByNumber", (hex(high), True)))
    for each in full.into(_FullBlock).transactions:
        is_signers = account(each.from_.lower()) == intent.signer
        if is_signers and quantity(each.nonce, "nonce") == intent.nonce:
            if each.hash.lower() in intent.hashes:
                return
            raise InvariantViolation(
                "INV-13 one writer per journal and account",
                f"nonce {intent.nonce} of {intent.signer} was used by {each.hash} in block "
                f"{high}, which is not ours: who else has the key?",
            )
    raise RpcError(f"nonce {intent.nonce} is used, by none in block {high}", "inconsistent")


class _FullBlock(msgspec.Struct):
    transactions: list[_Known]


def _transaction(transaction_hash: str) -> Request:
    return Request("eth_getTransactionByHash", (transaction_hash,))


def _transaction_count(signer: Address, head: Head) -> Request:
    return Request("eth_getTransactionCount", (signer, pin(head)))


def _count(reply: Reply) -> int:
    return quantity(reply.into(str), "transaction count")


def _known_block(reply: Reply, chain: int) -> Block:
    found = block(reply, chain)
    if found is None:
        raise RpcError("the node does not keep the block", "inconsistent")
    return found
