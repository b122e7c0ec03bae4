"""The mandate's document: every key that the TOML file may hold. Unknown keys are errors.

Shares are exact: `"35 %"`, `"7/20"` or `0.35` (read as a decimal, never as a binary float).
Docstrings of the fields are the source of docs/reference/mandate.md.
"""

from fractions import Fraction
from typing import Any

import msgspec


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the mandate in which every key is known."""


class Account(Document, frozen=True, kw_only=True):
    """Whose capital it is, and which key acts for it."""

    signer: str
    """`env:NAME`, `file:PATH` (mode 0600), or `local` for the local world's own key."""
    address: str = "local"
    """The Safe that holds the capital; `local` is the one that the local world makes."""


class Chain(Document, frozen=True, kw_only=True):
    """The chain that ticks."""

    id: int = 31337
    """Chain id; a node that answers another is refused."""
    rpc: tuple[str, ...] = ("local",)
    """Node addresses, each `env:NAME`, `file:PATH`, `http://…` or `local`; where one fails, the
    next is asked."""
    quorum: int = 1
    """How many of the nodes must give the same answer to everything that is read."""
    submit: tuple[str, ...] | None = None
    """Where transactions are sent, and nowhere else; by default the nodes of `rpc`."""
    websocket: str | None = None
    """Address, `ws://…` or `env:NAME`, that tells of new blocks; without it they are asked for."""
    timeout: int = 10
    """Seconds after which a node that has not answered is taken to have failed."""
    max_head_age: int | None = None
    """Most seconds by which the newest block may differ from this machine's clock, 0 for any; by
    default ten `block_seconds`, at least 60, and any in the local world."""
    rollup: str | None = None
    """How the chain charges for data: `none`, `op-stack` or `arbitrum`; by default by its id."""
    sequencer: str | None = None
    """Address of the uptime feed of the rollup's sequencer."""
    sequencer_grace: int = 3600
    """Seconds after an outage of the sequencer in which no price is believed."""
    book: str = "local"
    """Path of the address book that names the markets, or `local`."""
    cadence: int = 1
    """Tick on every so-many-th block."""
    block_seconds: int = 12
    """Expected seconds until the next block: plans are computed for that moment."""
    deadline_blocks: int = 3
    """A plan that has not landed after this many blocks is void."""
    finality_depth: int = 0
    """Blocks that must lie above a transaction before it counts as settled and another plan is
    made; a reorg that is deeper is undone all the same."""
    blind_after: int | None = None
    """Seconds without a block that could be judged after which a breaker opens; by default the
    time of 25 decisions."""


class StrategyEntry(Document, frozen=True, kw_only=True):
    """One strategy and its share of the capital."""

    name: str
    """How reports call it; unique."""
    use: str
    """`module:Class` of the strategy."""
    share: Fraction = Fraction(0)
    """Share of the capital at the start. The shares sum to at most 1; nobody trades the rest."""
    sweeps: bool = False
    """It has no share of its own but places what idles of all others; at most one does."""
    parameters: dict[str, Any] = {}
    """The strategy's own fields; tokens and places by name."""


class LimitEntries(Document, frozen=True, kw_only=True):
    """What may not happen. Shares are of the account's equity."""

    cap: dict[str, Fraction] = {}
    """Most that may be in a place (`aave_v3:USDC`), a market (`market:aave_v3`), a protocol
    (`protocol:aave_v3`), or a token wherever it lies (`token:WETH`)."""
    turnover_per_day: Fraction = Fraction(1)
    """Most that may be swapped within 24 hours, as value sold over equity."""
    minimum_idle: Fraction = Fraction(0)
    """Least that must lie in the account itself."""
    slippage: Fraction = Fraction(1, 100)
    """Most that a swap may lose against the oracle, fee included, in the worst fill that its bounds
    allow."""
    state_age: int = 3600
    """Oldest state, in seconds before the newest clock known, that may be decided on."""
    max_equity: int | None = None
    """Most that may be managed, in whole units of the numeraire."""
    health: Fraction = Fraction(3, 2)
    """Least health factor of any debt: below 1 it can be liquidated."""
    gas_per_day: Fraction | None = None
    """Most of the native token that gas may cost within 24 hours, every plan counted with its gas
    limit at its maximum fee."""


class Execution(Document, frozen=True, kw_only=True):
    """How plans are made and paid for."""

    horizon_days: int = 30
    """A move must pay for itself within this time."""
    fill_tolerance: Fraction = Fraction(3, 1000)
    """A fill may be this much worse than the model's before the plan reverts; less than
    `limits.slippage`, which bounds the whole loss."""
    max_fee_gwei: int = 200
    """Highest fee per unit of gas that is ever signed."""
    priority_fee_gwei: Fraction = Fraction(1)
    """Tip per unit of gas."""
    max_data_fee_gwei: int = 2_000_000
    """Most that a rollup may charge for the data of one transaction, in gwei of its currency."""
    native: str = "WETH"
    """The token whose feed prices the gas."""


class AlertEntries(Document, frozen=True, kw_only=True):
    """Who hears of what goes wrong in a run.

    Each is a command with its arguments, which gets a JSON object on its standard input, or one
    address (`https://…`, `env:NAME`, `file:PATH`) that it is posted to.
    """

    on_halt: tuple[str, ...] = ()
    """Told when the run ends by an error, or a breaker stops new risk."""
    on_breach: tuple[str, ...] = ()
    """Told when the market breaks a limit, or the code of a market changes."""


class Mandate(Document, frozen=True, kw_only=True):
    """The whole mandate."""

    numeraire: str
    """The token that everything is valued in."""
    account: Account
    markets: tuple[str, ...]
    """Pools and lending pools that may be used, by the names of the address book."""
    ranges: tuple[str, ...] = ()
    """Liquidity in ranges from before the run, such as `uniswap_v3:WETH/USDC/500@-1200:1200`:
    the market, and the lower and the upper tick. What a run itself opens it knows."""
    feeds: dict[str, str] | None = None
    """Feed per token symbol; by default `chainlink:SYMBOL` for each token."""
    strategies: tuple[StrategyEntry, ...]
    chain: Chain = Chain()
    limits: LimitEntries = LimitEntries()
    execution: Execution = Execution()
    alerts: AlertEntries = AlertEntries()
