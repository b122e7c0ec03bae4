"""What a rollup charges for putting a transaction's data on its base chain, before it is sent.

Sources, by which the models are written:
- OP stack: GasPriceOracle.sol, the predeploy at 0x42…0F. `getL1Fee(bytes)` takes the unsigned
  transaction in full RLP and adds the signature's length itself. It is taken from the sender's
  balance on top of the gas; no field of the transaction bounds it. The operator fee that a chain
  may set since Isthmus is not part of it.
- Arbitrum: NodeInterface.sol, which the node itself answers for at 0x…C8.
  `gasEstimateL1Component(address,bool,bytes)` returns the gas that pays for the data, the base fee
  and the estimate of the base chain's fee. The fee is paid as gas, so the gas limit must hold it.

Both are read at the block that the plan was made from. The base chain's fee moves on until the
transaction lands, and so does what is charged; a plan made anew each time keeps it near.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from eth_abi.abi import encode as abi_encode

from trimtab.chain.node import Node
from trimtab.chain.rpc import Request
from trimtab.chain.signer import Transaction
from trimtab.chain.wire import hexadecimal, pin
from trimtab.core.abi import Answer, selector, words
from trimtab.core.errors import ConfigError, Infeasible, MissingRead, Uneconomic
from trimtab.core.market import Head
from trimtab.core.plan import Plan
from trimtab.core.token import Address

GAS_PRICE_ORACLE = Address("0x420000000000000000000000000000000000000F")
NODE_INTERFACE = Address("0x00000000000000000000000000000000000000C8")

_GET_L1_FEE = selector("getL1Fee(bytes)")
_ESTIMATE = selector("gasEstimateL1Component(address,bool,bytes)")
_GWEI = 10**9


@dataclass(frozen=True, slots=True)
class DataFee:
    """What a transaction's data costs in wei, and the gas units by which it is paid, if by gas."""

    wei: int
    gas: int


class Rollup(Protocol):
    """How a chain charges for data."""

    async def data_fee(self, node: Node, transaction: Transaction, head: Head) -> DataFee:
        """What it charges for a transaction, by its state at a block.

        Raises MissingRead where the chain has no such contract, and RpcError.
        """
        ...


@dataclass(frozen=True, slots=True)
class NoDataFee:
    """A chain that charges for gas only."""

    async def data_fee(self, node: Node, transaction: Transaction, head: Head) -> DataFee:
        """Nothing."""
        return DataFee(0, 0)


@dataclass(frozen=True, slots=True)
class OpStack:
    """A chain of the OP stack."""

    oracle: Address = GAS_PRICE_ORACLE

    async def data_fee(self, node: Node, transaction: Transaction, head: Head) -> DataFee:
        """What the chain's own oracle says of the unsigned transaction."""
        data = _GET_L1_FEE + abi_encode(["bytes"], [unsigned(transaction)])
        (wei,) = await _answer(node, self.oracle, data, head, 1)
        return DataFee(wei, 0)


@dataclass(frozen=True, slots=True)
class Arbitrum:
    """A chain of Arbitrum's Nitro stack."""

    interface: Address = NODE_INTERFACE

    async def data_fee(self, node: Node, transaction: Transaction, head: Head) -> DataFee:
        """The gas that the node estimates for the data, at the base fee that it states."""
        fields = (transaction.to, False, transaction.data)
        data = _ESTIMATE + abi_encode(["address", "bool", "bytes"], fields)
        gas, base_fee, _ = await _answer(node, self.interface, data, head, 3)
        return DataFee(gas * base_fee, gas)


ROLLUPS: Mapping[str, Rollup] = {
    "none": NoDataFee(),
    "op-stack": OpStack(),
    "arbitrum": Arbitrum(),
}
"""The models by the name that a mandate may give."""

_KNOWN: Mapping[str, frozenset[int]] = {
    # Ethereum, Gnosis, Polygon PoS, BNB, Avalanche C, Sepolia, Holesky, Hoodi, local chains.
    "none": frozenset({1, 56, 100, 137, 43_114, 11_155_111, 17_000, 560_048, 1_337, 31_337}),
    # OP, Unichain, World, Base, Mode, Ink, Zora; the testnets of OP, Base and Unichain.
    "op-stack": frozenset(
        {10, 130, 480, 8_453, 34_443, 57_073, 7_777_777, 11_155_420, 84_532, 1_301}
    ),
    # One, Nova, the testnet.
    "arbitrum": frozenset({42_161, 42_170, 421_614}),
}
"""Chain ids by model. Source: ethereum-lists/chains."""


def rollup_of(chain: int, named: str | None = None) -> Rollup:
    """How a chain charges for data: as the mandate names it, or by its id.

    Raises ConfigError for a chain that is not known, since to charge nothing would be a guess.
    """
    if named is not None and named not in ROLLUPS:
        raise ConfigError(
            f"chain.rollup is {named!r}, expected one of {', '.join(map(repr, ROLLUPS))}"
        )
    for name, chains in _KNOWN.items():
        if named is None and chain in chains:
            named = name
    if named is None:
        raise ConfigError(
            f"it is not known whether chain {chain} charges for a transaction's data: write "
            f"chain.rollup as one of {', '.join(map(repr, ROLLUPS))}"
        )
    return ROLLUPS[named]


@dataclass(frozen=True, slots=True)
class DataCharge:
    """How data is charged on a chain, and the most in wei that the mandate lets a plan pay for."""

    rollup: Rollup
    bound: int

    async def charged(
        self, node: Node, transaction: Transaction, head: Head
    ) -> tuple[Transaction, DataFee]:
        """The transaction with the gas that its data takes, and what that costs.

        Raises Infeasible for more than the bound, MissingRead and RpcError.
        """
        fee = await self.rollup.data_fee(node, transaction, head)
        if fee.wei > self.bound:
            raise Infeasible(
                f"the chain asks {fee.wei / _GWEI:g} gwei for the transaction's data, and the "
                f"mandate allows {self.bound / _GWEI:g}: wait, or raise execution.max_data_fee_gwei"
            )
        return replace(transaction, gas=transaction.gas + fee.gas), fee


def check_worth(plan: Plan, fee: DataFee, price: Fraction) -> None:
    """Raise Uneconomic where a plan does not pay for the fee too, besides its modelled cost.

    `price` is what a wei is worth in base units of the numeraire. A plan that lowers risk is
    never uneconomic.
    """
    cost = plan.cost.total + fee.wei * price
    if not plan.lowers_risk and plan.gain < cost:
        raise Uneconomic(
            f"with {fee.wei / _GWEI:g} gwei for its data the move costs {float(cost):g} and gains "
            f"{float(plan.gain):g} base units within the horizon: wait for lower fees"
        )


# --------------------------------------------------------------------------------- encoding


def unsigned(transaction: Transaction) -> bytes:
    """The transaction as it is signed: its type and the RLP of its fields (EIP-1559)."""
    fields: tuple[int | bytes, ...] = (
        *(transaction.chain, transaction.nonce, transaction.fees.tip, transaction.fees.most),
        *(transaction.gas, bytes.fromhex(transaction.to[2:]), transaction.value, transaction.data),
    )
    access_list = b"\xc0"
    return b"\x02" + _headed(b"".join(map(_item, fields)) + access_list, 0xC0)


def _item(value: int | bytes) -> bytes:
    """One item. Source: the Yellow Paper, appendix B."""
    data = value.to_bytes((value.bit_length() + 7) // 8, "big") if isinstance(value, int) else value
    return data if len(data) == 1 and data[0] < 0x80 else _headed(data, 0x80)


def _headed(data: bytes, offset: int) -> bytes:
    if len(data) < 56:
        return bytes([offset + len(data)]) + data
    size = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(size)]) + size + data


async def _answer(
    node: Node, contract: Address, data: bytes, head: Head, count: int
) -> tuple[int, ...]:
    asked = {"to": contract, "data": "0x" + data.hex()}
    reply = await node.ask(Request("eth_call", (asked, pin(head))))
    returned = hexadecimal(reply.into(str), "call result")
    if not returned:
        raise MissingRead(f"nothing at {contract} tells what data costs here: correct chain.rollup")
    return words(Answer(True, returned), count, f"the data fee by {contract}")
