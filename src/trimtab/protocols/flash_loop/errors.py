"""The errors of the contract. Source: FlashLoop.sol."""

from trimtab.core.abi import selector, word
from trimtab.core.states import Reverted
from trimtab.core.token import Token
from trimtab.protocols.shared.reverts import RevertError


def late(timestamp: int, deadline: int) -> RevertError:
    """The call is mined after its deadline."""
    return _error("Late(uint256,uint256)", timestamp, deadline)


def stopped(exchanged: int, whole: int) -> RevertError:
    """The pool's price reached the limit, or its liquidity the end, before the whole was done."""
    return _error("Stopped(uint256,uint256)", exchanged, whole)


def too_little(received: int, least: int) -> RevertError:
    """The loan buys less collateral than the caller accepts."""
    return _error("TooLittle(uint256,uint256)", received, least)


def too_much(owed: int, most: int) -> RevertError:
    """The loan costs more collateral than the caller accepts."""
    return _error("TooMuch(uint256,uint256)", owed, most)


def refused(token: Token) -> RevertError:
    """A token refuses an order."""
    return _error("Refused(address)", token.address)


def _error(signature: str, *arguments: int | str) -> RevertError:
    return RevertError(Reverted(selector(signature) + b"".join(map(word, arguments))))
