"""The table of proven identities, made from the artefacts that the law's world is deployed from.

`python -m tests.laws.identities` writes it anew. It holds hashes and spans, and no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

import msgspec
from eth_utils.crypto import keccak

from tests.laws import PORTS
from tests.laws.law import CASES, CASES_PER_CASE_ON_A_NODE
from trimtab.chain.identities import FILE, Law, Table
from trimtab.lab.world.artifacts import artifact, package
from trimtab.lab.world.compile import SOLC
from trimtab.lab.world.deploy_aave_v36 import COMPILER as LENDING_COMPILER
from trimtab.lab.world.deploy_aave_v36 import PACKAGE as _LENDING
from trimtab.lab.world.deploy_aave_v36 import PROXY_CONTRACT, lending_artifacts
from trimtab.lab.world.deploy_aave_v36 import source as lending_source
from trimtab.lab.world.deploy_flash_loop import flash_loop_artifact
from trimtab.lab.world.deploy_morpho import COMPILER as MORPHO_COMPILER
from trimtab.lab.world.deploy_morpho import PACKAGE as MORPHO
from trimtab.lab.world.deploy_morpho import morpho_artifacts
from trimtab.lab.world.deploy_range_minter import range_minter_artifact
from trimtab.lab.world.deploy_staking import staking_pool_artifact
from trimtab.lab.world.deploy_tokens import feed_artifact
from trimtab.lab.world.deploy_vaults import plain_vault_artifact
from trimtab.protocols.shared.code import (
    PROXY,
    Identity,
    Proven,
    Span,
    library,
    masked_hash,
    trailer,
)

PUSH32 = 0x7F
_LIBRARY_HEAD = b"\x73" + bytes(20) + b"\x30\x14"
"""How the code of a library begins: its own address, put in when it is deployed, and ADDRESS EQ."""

_AAVE = "@aave/core-v3"
_CORE = "@uniswap/v3-core"
_PERIPHERY = "@uniswap/v3-periphery"
_PAIRS = "@uniswap/v2-core"
_PAIRS_PERIPHERY = "@uniswap/v2-periphery"
_SAFE = "@safe-global/safe-contracts"
_CHAINLINK = "@chainlink/contracts"
_BALANCER = "@balancer-labs/v2-deployments"
_WEIGHTED_POOL = "20230206-weighted-pool-v3/WeightedPool"
_FEE_PROVIDER = "20220725-protocol-fee-percentages-provider/ProtocolFeePercentagesProvider"
_OPEN_ZEPPELIN = "@openzeppelin/contracts"
_CURVE = "@perp/curie-deployments"
"""Compiled by Vyper, which writes no metadata and had no immutables."""
_CURIE = "@perp/curie-contract"
_CURIE_ORACLE = "@perp/perp-oracle-contract"
ANVIL = "@foundry-rs/anvil-linux-amd64"
EVM = "revm in process (pyrevm)"


@dataclass(frozen=True, slots=True)
class Listed:
    """A contract of a package, and what it is for a market."""

    protocol: str
    role: str
    package: str
    path: str

    @property
    def contract(self) -> str:
        """Its name."""
        return self.path.rsplit("/", 1)[-1]


_AAVE_ROLES = {
    PROXY: "libraries/aave-upgradeability/InitializableImmutableAdminUpgradeabilityProxy",
    "pool": "pool/Pool",
    "addresses provider": "configuration/PoolAddressesProvider",
    "ACL manager": "configuration/ACLManager",
    "aToken": "tokenization/AToken",
    "variable debt token": "tokenization/VariableDebtToken",
    "stable debt token": "tokenization/StableDebtToken",
    "rate strategy": "pool/DefaultReserveInterestRateStrategy",
}
_AAVE_LIBRARIES = ("Borrow", "Bridge", "EMode", "FlashLoan", "Liquidation", "Pool", "Supply")

_LENDING_ROLES = {
    PROXY_CONTRACT: PROXY,
    "PoolInstance": "pool",
    "PoolAddressesProvider": "addresses provider",
    "ATokenInstance": "aToken",
    "VariableDebtTokenInstance": "variable debt token",
    "DefaultReserveInterestRateStrategyV2": "rate strategy",
    "AaveOracle": "oracle",
    **{
        f"{each}Logic": library(f"{each}Logic")
        for each in ("Borrow", "FlashLoan", "Liquidation", "Pool", "Supply")
    },
}

_MORPHO_ROLES = {
    "Morpho": "contract",
    "IrmMock": "rate model by utilisation",
    "OracleMock": "oracle",
}

_CURIE_ROLES = {
    "clearing house": "ClearingHouse",
    "vault": "Vault",
    "exchange": "Exchange",
    "order book": "OrderBook",
    "account balance": "AccountBalance",
    "configuration": "ClearingHouseConfig",
    "market registry": "MarketRegistry",
    "insurance fund": "InsuranceFund",
    "base token": "BaseToken",
    "quote token": "QuoteToken",
}

LISTED = (
    Listed("erc20", "token", _AAVE, "mocks/tokens/MintableERC20"),
    Listed("uniswap_v2", "pair", _PAIRS, "UniswapV2Pair"),
    Listed("uniswap_v2", "factory", _PAIRS, "UniswapV2Factory"),
    Listed("uniswap_v2", "router", _PAIRS_PERIPHERY, "UniswapV2Router02"),
    Listed("uniswap_v3", "pool", _CORE, "UniswapV3Pool"),
    Listed("uniswap_v3", "factory", _CORE, "UniswapV3Factory"),
    Listed("uniswap_v3", "router", _PERIPHERY, "SwapRouter"),
    Listed("balancer", "pool", _BALANCER, _WEIGHTED_POOL),
    Listed("balancer", "factory", _BALANCER, f"{_WEIGHTED_POOL}Factory"),
    Listed("balancer", "vault", _BALANCER, "20210418-vault/Vault"),
    Listed("balancer", "provider of fees", _BALANCER, _FEE_PROVIDER),
    Listed("curve", "pool", _CURVE, "curve/Plain4Basic"),
    Listed("curve", "factory", _CURVE, "curve/FactorySidechains"),
    *(Listed("aave_v3", role, _AAVE, f"protocol/{path}") for role, path in _AAVE_ROLES.items()),
    Listed("aave_v3", "oracle", _AAVE, "misc/AaveOracle"),
    *(
        Listed("aave_v3", library(name), _AAVE, f"protocol/libraries/logic/{name}")
        for name in (f"{each}Logic" for each in _AAVE_LIBRARIES)
    ),
    *(Listed("perpetual", role, _CURIE, name) for role, name in _CURIE_ROLES.items()),
    Listed("perpetual", "price feed", _CURIE_ORACLE, "PriceFeedDispatcher"),
    Listed("perpetual", "index", _CURIE_ORACLE, "ChainlinkPriceFeedV3"),
    Listed("safe", "account", _SAFE, "proxies/SafeProxy"),
    *(Listed("safe", "singleton", _SAFE, name) for name in ("Safe", "SafeL2")),
)


# ------------------------------------------------------------------------------- artefacts


class _Place(msgspec.Struct, frozen=True):
    start: int
    length: int


_References = Mapping[str, tuple[_Place, ...]]


class _Artifact(msgspec.Struct, frozen=True, rename="camel"):
    bytecode: str
    deployed_bytecode: str
    deployed_link_references: Mapping[str, _References] = {}


class _Deployed(msgspec.Struct, frozen=True, rename="camel"):
    immutable_references: _References = {}


class _Evm(msgspec.Struct, frozen=True, rename="camel"):
    deployed_bytecode: _Deployed


class _Contract(msgspec.Struct, frozen=True):
    evm: _Evm


class _Output(msgspec.Struct, frozen=True):
    contracts: dict[str, dict[str, _Contract]]


class _Build(msgspec.Struct, frozen=True):
    output: _Output


class _Package(msgspec.Struct, frozen=True):
    version: str


_ROOTS = ("artifacts", "build/artifacts", "optimism-goerli/core/artifacts")


@cache
def artefact(listed: Listed) -> _Artifact:
    """What the package carries of a contract."""
    plain = f"{listed.package}/build/{listed.contract}.json"
    if (package(listed.package).parents[1] / plain).exists():
        built = artifact(plain)
        return _Artifact(built.bytecode, built.deployed_bytecode)
    if listed.package == _BALANCER:
        task = listed.path.removesuffix(listed.contract)
        kept = package(listed.package) / "dist" / "tasks" / task / "artifact"
        text = (kept / f"{listed.contract}.json").read_bytes()
        return msgspec.json.decode(text, type=_Artifact)
    (root,) = (
        found for found in (package(listed.package) / each for each in _ROOTS) if found.exists()
    )
    language = "vy" if listed.package == _CURVE else "sol"
    file = root / "contracts" / f"{listed.path}.{language}" / f"{listed.contract}.json"
    return msgspec.json.decode(file.read_bytes(), type=_Artifact)


@cache
def stated_immutables() -> dict[str, tuple[Span, ...]]:
    """Where the compiler says that immutables are, for every contract of a package that tells."""
    (build,) = (package(_AAVE) / "artifacts" / "build-info").glob("*.json")
    output = msgspec.json.decode(build.read_bytes(), type=_Build).output
    return {
        f"{source.removeprefix('contracts/').removesuffix('.sol')}": tuple(
            sorted(
                (place.start, place.length)
                for places in contract.evm.deployed_bytecode.immutable_references.values()
                for place in places
            )
        )
        for source, contracts in output.contracts.items()
        for name, contract in contracts.items()
        if source.endswith(f"/{name}.sol")
    }


def read_immutables(code: bytes, embedded: bytes = b"") -> tuple[Span, ...]:
    """Where the immutables of a contract are, as its code shows them before it is deployed.

    The compiler pushes 32 bytes of zero for each, and never for anything else. What `embedded`
    creation code of another contract pushes is that contract's.
    """
    end, _ = trailer(code)
    inside = code.find(embedded) if embedded else -1
    skipped = range(inside, inside + len(embedded)) if inside >= 0 else range(0)
    found: list[Span] = []
    at = 0
    while at < end:
        width = code[at] - 0x5F if 0x60 <= code[at] <= PUSH32 else 0
        if width == 32 and code[at + 1 : at + 33] == bytes(32) and at not in skipped:
            found.append((at + 1, 32))
        at += 1 + width
    return tuple(found)


def unlinked(code: str) -> bytes:
    """The code of an artefact with zeros where addresses of libraries belong."""
    return bytes.fromhex(re.sub(r"__\$\w{34}\$__", "0" * 40, code.removeprefix("0x")))


def embedded_in(listed: Listed) -> bytes:
    """The creation code that a contract carries inside its own."""
    if listed.contract != "UniswapV3Factory":
        return b""
    (pool,) = (each for each in LISTED if each.contract == "UniswapV3Pool")
    return unlinked(artefact(pool).bytecode)


@cache
def version(name: str) -> str:
    """The version of a package that is installed."""
    return msgspec.json.decode((package(name) / "package.json").read_bytes(), type=_Package).version


# -------------------------------------------------------------------------------- the table


def table() -> Table:
    """The whole table."""
    laws = (
        Law(
            protocol=port.name,
            actions=port.kinds,
            cases_in_process=CASES,
            cases_on_a_node=CASES // CASES_PER_CASE_ON_A_NODE,
            chain=f"{EVM}, and anvil {version(ANVIL)}",
        )
        for port in PORTS
    )
    return Table(
        tuple(laws),
        (
            *map(of_package, LISTED),
            compiled_feed(),
            own_minter(),
            own_loop(),
            *compiled_vaults(),
            *compiled_morpho(),
            *compiled_lending(),
        ),
    )


def of_package(listed: Listed) -> Identity:
    """The identity of a contract whose bytecode a package carries."""
    found = artefact(listed)
    links = {
        name: tuple(sorted((place.start, place.length) for place in places))
        for of_source in found.deployed_link_references.values()
        for name, places in of_source.items()
    }
    code = unlinked(found.deployed_bytecode)
    if listed.package == _CURVE:
        immutables: tuple[Span, ...] = ()
    elif listed.package == _AAVE:
        immutables = stated_immutables()[listed.path]
    else:
        immutables = read_immutables(code, embedded_in(listed))
    origin = f"{listed.package} {version(listed.package)}"
    return identity(listed, origin, "bytecode", code, immutables, links)


def compiled_feed() -> Identity:
    """The identity of Chainlink's own settable feed, which we compile from its package."""
    code = feed_artifact().runtime_code
    listed = Listed("chainlink", "feed", _CHAINLINK, "shared/mocks/MockV3Aggregator")
    origin = f"source of {_CHAINLINK} {version(_CHAINLINK)} by {SOLC}"
    return identity(listed, origin, "source", code, read_immutables(code), {})


def compiled_morpho() -> Iterator[Identity]:
    """The identities of Morpho's contracts, which its package has the sources of alone.

    The adaptive-curve rate model is not among them: what stands in for it is no code of Morpho's.
    """
    origin = f"source of {MORPHO} {version(MORPHO)} by {MORPHO_COMPILER.package}"
    for contract, role in _MORPHO_ROLES.items():
        code = unlinked(morpho_artifacts()[contract].deployed_bytecode)
        listed = Listed("morpho", role, MORPHO, contract)
        yield identity(listed, origin, "source", code, read_immutables(code), {})


def own_minter() -> Identity:
    """The identity of our own minter of ranges: what its source compiles to is what is deployed."""
    code = range_minter_artifact().runtime_code
    listed = Listed("uniswap_v3", "minter", "", "RangeMinter")
    return identity(listed, f"trimtab, by {SOLC}", "bytecode", code, read_immutables(code), {})


def own_loop() -> Identity:
    """The identity of our own FlashLoop: what its source compiles to is what is deployed."""
    code = flash_loop_artifact().runtime_code
    listed = Listed("flash_loop", "flash loop", "", "FlashLoop")
    return identity(listed, f"trimtab, by {SOLC}", "bytecode", code, read_immutables(code), {})


def compiled_vaults() -> tuple[Identity, ...]:
    """The plain vault, of sources that its package carries as abstract, and our staking stand-in.

    The stand-in is no contract of any public chain, and is not to be taken for one: as what is
    compiled from source, it cannot be armed.
    """
    vault = Listed("erc4626", "plain vault", _OPEN_ZEPPELIN, "PlainVault")
    pool = Listed("staking", "pool", "", "StakingPool")
    package_of_vault = f"{_OPEN_ZEPPELIN} {version(_OPEN_ZEPPELIN)}"
    made = (
        (vault, f"source of {package_of_vault} by {SOLC}", plain_vault_artifact()),
        (pool, f"trimtab's own stand-in, by {SOLC}", staking_pool_artifact()),
    )
    found = []
    for listed, origin, built in made:
        code = built.runtime_code
        found.append(identity(listed, origin, "source", code, read_immutables(code), {}))
    return tuple(found)


def compiled_lending() -> tuple[Identity, ...]:
    """The identities of Aave V3.6, which its package carries as sources alone."""
    built = lending_artifacts()
    origin = f"source of {_LENDING} {version(_LENDING)} by {LENDING_COMPILER.package}"
    proxy = unlinked(built[PROXY_CONTRACT].bytecode)
    found = []
    for contract, role in _LENDING_ROLES.items():
        listed = Listed("aave_v36", role, _LENDING, contract)
        deployed = built[contract].deployed_bytecode
        code = unlinked(deployed)
        embedded = proxy if contract == "PoolAddressesProvider" else b""
        immutables = read_immutables(code, embedded)
        links = named_libraries(deployed)
        found.append(identity(listed, origin, "source", code, immutables, links))
    return tuple(found)


def named_libraries(deployed: str) -> dict[str, tuple[Span, ...]]:
    """Where the addresses of logic libraries belong: by the hash of each library's full name."""
    names = (contract for contract in _LENDING_ROLES if contract.endswith("Logic"))
    hashed = {keccak(text=f"{lending_source(each)}:{each}").hex()[:34]: each for each in names}
    spans: dict[str, list[Span]] = {}
    for place in re.finditer(r"__\$(\w{34})\$__", deployed.removeprefix("0x")):
        spans.setdefault(hashed[place[1]], []).append((place.start() // 2, 20))
    return {name: tuple(places) for name, places in spans.items()}


def identity(
    listed: Listed,
    origin: str,
    proven: Proven,
    code: bytes,
    immutables: tuple[Span, ...],
    links: Mapping[str, tuple[Span, ...]],
) -> Identity:
    """The identity of code as its artefact holds it."""
    made = Identity(
        protocol=listed.protocol,
        role=listed.role,
        contract=listed.contract,
        origin=origin,
        proven=proven,
        length=len(code),
        hash="",
        zeroed=(*immutables, *(() if listed.package == _CURVE else (trailer(code),))),
        own=((1, 20),) if code.startswith(_LIBRARY_HEAD) else (),
        libraries=tuple(sorted(links.items())),
    )
    return replace(made, hash=masked_hash(code, made.spans))


def main() -> None:
    """Write the table anew."""
    FILE.write_bytes(table().to_json())
    print(f"{FILE.name}: {len(table().identities)} identities")


if __name__ == "__main__":
    main()
