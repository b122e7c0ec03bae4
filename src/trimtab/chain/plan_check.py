"""PlanCheck, the last call of every batch: its data, its errors in words, and its very code.

Source: contracts/PlanCheck.sol.
"""

from typing import Final

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from trimtab.core.abi import Call, selector
from trimtab.core.bounds import BalanceTooLow, Bounds, Broken, HealthTooLow, Late, Unanswered
from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, address

PLAN_CHECK: Final = Address("0xFd6DA0F3155b2F33313AF18ea18b7050E485fC76")
"""Where the deterministic deployer, given salt 0, puts the contract on every chain."""

CODE_HASH: Final = "e87cd619aa846011fb96be23e3dfc814f112a54ece5dc5e54fbb440a7af3de81"
"""keccak-256 of the runtime code that the source compiles to; it has no immutables."""

_TYPES = ("uint256", "(address,address,uint256)[]", "(address,address,uint256)[]")
_CHECK = selector(f"check({','.join(_TYPES)})")
_LATE = selector("Late(uint256,uint256)")
_BALANCE = selector("BalanceTooLow(address,address,uint256,uint256)")
_HEALTH = selector("HealthTooLow(address,address,uint256,uint256)")
_UNANSWERED = selector("Unanswered(address,address)")
_MEASURED = ("address", "address", "uint256", "uint256")


def check_call(contract: Address, bounds: Bounds) -> Call:
    """The call that reverts unless all bounds hold."""
    balances = [(each.token.address, each.account, each.least) for each in bounds.balances]
    healths = [(each.pool, each.account, each.least) for each in bounds.healths]
    return Call(contract, _CHECK + abi_encode(_TYPES, (bounds.deadline, balances, healths)))


def broken_bound(call: Call, returned: bytes) -> Broken | None:
    """The bound that made the check revert; None if the call is no check or tells none.

    Other contracts may revert with the same bytes, so that only a check is believed.
    """
    if call.data[:4] != _CHECK:
        return None
    error, values = returned[:4], returned[4:]
    try:
        if error == _LATE:
            return Late(*abi_decode(("uint256", "uint256"), values))
        if error == _UNANSWERED:
            asked, account = abi_decode(("address", "address"), values)
            return Unanswered(address(asked), address(account))
        if error in (_BALANCE, _HEALTH):
            asked, account, measured, least = abi_decode(_MEASURED, values)
            kind = BalanceTooLow if error == _BALANCE else HealthTooLow
            return kind(address(asked), address(account), measured, least)
    except DecodingError:
        return None
    return None


def check_code(contract: Address, code: bytes) -> None:
    """Raise ConfigError unless this is the code of PlanCheck.

    A batch calls whatever is at the address, and other code, or none, would let every plan pass.
    """
    if keccak(code).hex() != CODE_HASH:
        raise ConfigError(
            f"there is {'other' if code else 'no'} code at {contract}, expected PlanCheck: correct "
            f"`plan_check`, which is {PLAN_CHECK} on most chains, or deploy the contract as "
            "docs/guides/deploy-plan-check.md says"
        )
