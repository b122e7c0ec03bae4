"""Identity and state of a Balancer V2 weighted pool."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from trimtab.core.errors import ConfigError, NoRoute
from trimtab.core.market import Market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token
from trimtab.protocols.shared.shares import Shares

MOST_TOKENS = 8
LEAST_WEIGHT = 10**16
MOST_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Pause:
    """Whether a contract is paused: it never is after `ends`, whatever was set before."""

    is_paused: bool
    ends: Timestamp

    def at(self, moment: Timestamp) -> Pause:
        """The same at a later moment. Source: TemporarilyPausable.sol."""
        return replace(self, is_paused=self.is_paused and moment <= self.ends)


@dataclass(frozen=True, slots=True)
class Underway:
    """A join or an exit of which the pool has told, and the vault has not yet.

    `supply` is what there was before it; `minted` and `burnt` are the liquidity provider's shares,
    none where no log told of such. The protocol's own shares are in none of these.
    """

    supply: int
    minted: int | None = None
    burnt: int | None = None


@dataclass(frozen=True, slots=True)
class WeightedState:
    """What the vault and the pool keep of a weighted pool.

    `balances` are base units in the order of `pool.tokens`. Percentages are times 10**18;
    `protocol_swap_fee` is the protocol's part of the swap fee as the pool last took it over;
    `last_invariant` is that after the last join or exit: fees that swaps have paid since then are
    still to be shared with the protocol. Both are 0 in recovery mode: the pool shares nothing
    then, and begins anew when it ends.

    Left out: the block of the last change, which no weighted pool looks at, and the protocol's
    fees on yield, which a pool without rate providers does not pay. `underway` is only of logs in
    the middle of a transaction: no read tells it, so it is never compared.
    """

    timestamp: Timestamp
    pool: WeightedPool
    balances: tuple[int, ...]
    swap_fee: int
    protocol_swap_fee: int
    last_invariant: int
    is_recovering: bool
    vault_pause: Pause
    pool_pause: Pause
    shares: Shares
    underway: Underway | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class WeightedPool(Market[WeightedState]):
    """A pool of the vault whose tokens have fixed weights; it is its own share token.

    `tokens` stand in the vault's order, that of their addresses; `weights` are times 10**18.
    `fees_collector` is the vault's, which gets the protocol's shares; `factory` made the pool.
    Pools of 2021 compute every power; `has_shortcuts` is of those since 2022, which leave
    exponents of one, two and four exact. Of the earlier ones only quotes are modelled.

    The vault checks the deadline of swaps; that of joins and exits is the plan's to keep. Assumes
    plain tokens (no fee on transfer, no rebasing, no hooks) and nothing in the vault's internal
    balances.
    """

    protocol: ClassVar[str] = "balancer"

    vault: Address
    factory: Address
    fees_collector: Address
    pool_id: bytes
    tokens: tuple[Token, ...]
    weights: tuple[int, ...]
    has_shortcuts: bool = True

    def __post_init__(self) -> None:
        if self.pool_id[:20].hex() != self.address[2:].lower() or len(self.pool_id) != 32:
            raise ConfigError(
                f"{self.name}: the pool id 0x{self.pool_id.hex()} is not of {self.address}: it "
                "is 32 bytes and begins with the pool's address"
            )
        self._check_tokens()
        if len(self.weights) != len(self.tokens) or min(self.weights) < LEAST_WEIGHT:
            raise ConfigError(
                f"{self.name}: weights {self.weights} of {len(self.tokens)} tokens: each has one, "
                f"of {LEAST_WEIGHT} or more"
            )
        if sum(self.weights) != 10**18:
            raise ConfigError(
                f"{self.name}: the weights make {sum(self.weights)}, expected 10**18 in all"
            )

    def _check_tokens(self) -> None:
        places = [int(token.address, 16) for token in self.tokens]
        if not 2 <= len(places) <= MOST_TOKENS or sorted(set(places)) != places:
            names = ", ".join(token.address for token in self.tokens)
            raise ConfigError(
                f"{self.name} is of {names}: a pool has 2 to {MOST_TOKENS} tokens, each once, in "
                "the order of their addresses"
            )
        for token in self.tokens:
            if token.decimals > MOST_DECIMALS:
                raise ConfigError(
                    f"{self.name}: {token} has {token.decimals} decimals, and no weighted pool "
                    f"takes a token with more than {MOST_DECIMALS}: leave the pool out"
                )

    @property
    def share(self) -> Token:
        """The token that a holder of liquidity has: the pool itself."""
        return Token(self.chain, self.address, 18, self.name)

    @property
    def scaling_factors(self) -> tuple[int, ...]:
        """What makes base units of each token ones of 18 decimals, times 10**18."""
        return tuple(int(10 ** (36 - token.decimals)) for token in self.tokens)

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The vault, which takes tokens by allowance; it takes shares without."""
        return (self.vault,)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The vault's balances of the pool's tokens, those of its other pools among them."""
        return tuple((token, self.vault) for token in self.tokens)

    def index(self, token: Token) -> int:
        """The place of a token in the pool's order. Raises NoRoute for one of another pool."""
        if token not in self.tokens:
            names = ", ".join(map(str, self.tokens))
            raise NoRoute(f"{self.name} trades {names}, not {token} at {token.address}")
        return self.tokens.index(token)

    def place(self, address: Address) -> int:
        """The place of the token at an address. Raises ValueError for one of another pool."""
        return [token.address for token in self.tokens].index(address)
