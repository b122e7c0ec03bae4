"""Tokens, price feeds and the shared read contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trimtab.core.abi import Call
from trimtab.core.token import Address
from trimtab.lab.world.artifacts import Artifact, artifact, package
from trimtab.lab.world.compile import compiled
from trimtab.lab.world.contracts import Contract
from trimtab.lab.world.deployment import FeedEntry, TokenEntry
from trimtab.lab.world.rpc import Rpc
from trimtab.lab.world.spec import PRICE_DECIMALS, TokenSpec
from trimtab.lab.world.transactions import Deployer

MULTICALL3 = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
"""Where Multicall3 is on every public chain."""

_MINTABLE = "@aave/core-v3/artifacts/contracts/mocks/tokens/MintableERC20.sol/MintableERC20.json"
_CHAINLINK = "@chainlink/contracts"
_FEED_SOURCE = "src/v0.8/shared/mocks/MockV3Aggregator.sol"
_MULTICALL_SOURCE = "src/v0.8/vendor/multicall/ebd8b64/src/Multicall3.sol"


def token_contract(address: Address) -> Contract:
    """The token at an address, with `mint` for anyone."""
    return Contract.at(address, _MINTABLE)


def feed_artifact() -> Artifact:
    """Chainlink's own settable feed, compiled from its package."""
    return compiled(package(_CHAINLINK), _FEED_SOURCE, "MockV3Aggregator")


def multicall_artifact() -> Artifact:
    """Multicall3, compiled from the copy in Chainlink's package."""
    return compiled(package(_CHAINLINK), _MULTICALL_SOURCE, "Multicall3")


def feed_contract(address: Address) -> Contract:
    """The feed at an address; `updateAnswer(int256)` sets its price."""
    return Contract(address, feed_artifact().abi)


def deploy_tokens(deployer: Deployer, specs: Sequence[TokenSpec]) -> dict[str, TokenEntry]:
    """The tokens, without any supply, by symbol."""
    mintable = artifact(_MINTABLE)
    return {
        spec.symbol: TokenEntry(
            deployer.create(mintable, spec.symbol, spec.symbol, spec.decimals).address,
            spec.decimals,
        )
        for spec in specs
    }


def deploy_feeds(deployer: Deployer, specs: Sequence[TokenSpec]) -> dict[str, FeedEntry]:
    """A feed for each token, at its initial price, by symbol."""
    feed = feed_artifact()
    return {
        spec.symbol: FeedEntry(
            deployer.create(feed, PRICE_DECIMALS, spec.price).address,
            PRICE_DECIMALS,
            spec.heartbeat,
        )
        for spec in specs
    }


def mint(deployer: Deployer, tokens: Mapping[Address, int], spender: Address) -> None:
    """Queue amounts of tokens for the deployer's own account, with leave to take them.

    Those that it keeps enough of are not minted.
    """
    for address, amount in tokens.items():
        contract = token_contract(address)
        if not deployer.has(address):
            deployer.invoke(contract, "mint(address,uint256)", deployer.account, amount)
        deployer.invoke(contract, "approve", spender, amount)


def minted(token: Address, account: Address, raw: int) -> Call:
    """The call, open to any sender, that gives an account new tokens."""
    return token_contract(token).call("mint(address,uint256)", account, raw)


def place_multicall(rpc: Rpc) -> None:
    """Put Multicall3's code at its address; no transaction of its deployer is needed."""
    code = multicall_artifact().runtime_code
    rpc("anvil_setCode", MULTICALL3, "0x" + code.hex())
