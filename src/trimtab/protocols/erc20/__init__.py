"""Plain ERC-20 tokens: balances and allowances of the tracked accounts."""

from trimtab.protocols.erc20.adapter import Erc20Adapter
from trimtab.protocols.erc20.encode import Allowing, approvals
from trimtab.protocols.erc20.market import Erc20, Erc20State

__all__ = ["Allowing", "Erc20", "Erc20Adapter", "Erc20State", "approvals"]
