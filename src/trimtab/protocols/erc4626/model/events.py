"""What a vault's events tell of its state, exactly. Source: OpenZeppelin's ERC4626.sol (5.x)."""

from dataclasses import replace

from trimtab.core.abi import Log, log_words, topic, topic_address
from trimtab.protocols.erc4626.market import VaultState
from trimtab.protocols.shared.open_zeppelin import spent

_WITHDRAW = topic("Withdraw(address,address,address,uint256,uint256)")


def observe(state: VaultState, log: Log) -> VaultState:
    """The state after a log of the vault; one of its asset changes the asset's state alone.

    A withdrawal by somebody else than the owner is by allowance, which no other log tells. What a
    plain transfer by allowance spends, no log tells at all.
    """
    if log.address != state.vault:
        return state
    if log.topics[:1] == (_WITHDRAW,):
        sender, owner = topic_address(log, 1), topic_address(log, 3)
        shares = log_words(log)[1]
        if sender == owner:
            return state
        return replace(state, shares=spent(state.shares, owner, sender, shares))
    return replace(state, shares=state.shares.observed(log))
