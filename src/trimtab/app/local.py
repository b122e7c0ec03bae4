"""A rehearsal: the local world, its market, and the manager with its Safe, ready to turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from eth_utils.crypto import keccak

from trimtab.app.resolve import resolve
from trimtab.chain.blocks import head
from trimtab.chain.multicall import Multicall
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Rpc
from trimtab.chain.safe import Safe, check_safe
from trimtab.chain.secret import RpcUrl, Secret
from trimtab.chain.signer import Signer
from trimtab.chain.submission import Submitter
from trimtab.core.errors import ConfigError
from trimtab.core.market import Head
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.token import Address, Token, address
from trimtab.engine.bot import Bot
from trimtab.engine.worlds import Chain
from trimtab.lab.cast import DEFAULT_LAB, LabSpec, default_cast, endow, free_accounts, stocks
from trimtab.lab.conductor import Conductor
from trimtab.lab.price_file import parse_symbols, read_prices
from trimtab.lab.prices import DOLLAR, GeneratedPrices, OutsidePrices
from trimtab.lab.recording import SetUp, named_in
from trimtab.lab.roles import Player
from trimtab.lab.scenario import Scenario, parse_script
from trimtab.lab.scenario import resolve as resolve_scenario
from trimtab.lab.scenario_events import Names
from trimtab.lab.world import LocalWorld, Transaction, local_world
from trimtab.mandate import AddressBook, Mandate, read_book

LOCAL = "local"
GAS_MONEY = 20 * 10**18
"""Wei that the manager's signer begins with in a local world."""

CAPITAL: Mapping[str, int] = {"USDC": 300_000, "WETH": 400_000, "WBTC": 300_000}
"""Whole dollars of each token that the manager begins with."""

Rivals = Callable[[AddressBook, tuple[Address, ...]], tuple[Player, ...]]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rehearsal is set up with, besides the mandate."""

    seed: int
    blocks: int
    prices: Path | None = None
    symbols: str | None = None
    scenario: Path | None = None
    capital: Mapping[str, int] | None = None
    rivals: Rivals | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """A local world with its market, and the manager's Safe in it.

    `owners` is everybody who acts or is acted for, the manager's Safe first; `next_block`
    conducts one more block.
    """

    world: LocalWorld
    book: AddressBook
    players: tuple[Player, ...]
    safe: Address
    conductor: Conductor
    set_up: SetUp
    owners: tuple[Address, ...]
    next_block: Callable[[], Awaitable[Head]]


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything in place for the loop: the bot, its world, and what is behind it."""

    bot: Bot
    world: Chain
    host: Host


Hosting = Callable[[Signer], AbstractAsyncContextManager[Host]]
"""Makes a world in which the Safe of a signer is the manager's."""


@asynccontextmanager
async def staged(
    mandate: Mandate, setting: Setting, hosting: Hosting | None = None
) -> AsyncIterator[Stage]:
    """A new local world with a market on it, and the manager's Safe holding its capital.

    Without `hosting` it is the world of the setting. Raises ConfigError, SignerError or
    DataError where something given cannot be used.
    """
    if mandate.account.address != LOCAL:
        address(mandate.account.address)  # a mistyped address is told as such
    if mandate.account.address != LOCAL or mandate.chain.rpc != (LOCAL,):
        raise ConfigError(
            'a rehearsal makes its own chain and Safe: write account.address = "local" and '
            'chain.rpc = ["local"]; a public chain is for `plan` and `run`'
        )
    signer = signer_of(mandate, setting.seed)
    hosting = hosting or partial(hosted, setting, block_seconds=mandate.chain.block_seconds)
    async with hosting(signer) as host:
        bot = resolve(mandate, host.book, host.safe)
        rpc = Rpc(RpcUrl(host.world.node.url), host.book.chain)
        try:
            chain = await _chain(rpc, bot, signer, host, setting.blocks, mandate.chain.cadence)
            yield Stage(bot, chain, host)
        finally:
            await rpc.close()


@asynccontextmanager
async def hosted(setting: Setting, signer: Signer, block_seconds: int) -> AsyncIterator[Host]:
    """A new local world with a market on it and a Safe of the signer that holds the capital."""
    lab = LabSpec(replace(DEFAULT_LAB.world, seconds_per_block=block_seconds), block_seconds)
    prices = outside_prices(lab, setting)
    start = prices.at(0)
    with local_world(lab.world.priced(start)) as world:
        book = read_book(world.deployment.to_json(), "the local world")
        players = _players(book, world, setting)
        safe = new_safe(world, signer)
        scenario = _scenario(setting, book, world, players, safe)
        endowment = _endowment(book, players, scenario, setting, start)
        capital = capital_of(setting, book, start)
        set_up = SetUp(setting.seed, block_seconds, start, endowment, capital)
        equip(world, book, safe, set_up)
        agents = tuple(player.agent for player in players)
        owners = tuple(dict.fromkeys((safe, *endowment, *named_in(scenario))))
        async with Conductor(
            world, agents, prices, setting.seed, block_seconds, scenario, owners
        ) as conductor:
            next_block = conductor.next_block
            yield Host(world, book, players, safe, conductor, set_up, owners, next_block)


def outside_prices(lab: LabSpec, setting: Setting) -> OutsidePrices:
    """The calibrated generator, or the history in a file.

    Raises ConfigError for only one of `--prices` and `--symbols`, DataError for a bad file.
    """
    if setting.prices is None and setting.symbols is None:
        return GeneratedPrices(setting.seed, lab.start, lab.block_seconds)
    if setting.prices is None or setting.symbols is None:
        raise ConfigError("--prices and --symbols go together: the file, and WETH=ETHUSDT,…")
    symbols = parse_symbols(setting.symbols)
    return read_prices(setting.prices, symbols, lab.start, lab.block_seconds, blocks=setting.blocks)


def signer_of(mandate: Mandate, seed: int) -> Signer:
    """The mandate's signer; `local` is a key that only local worlds ever know."""
    if mandate.account.signer != LOCAL:
        return Signer.load(mandate.account.signer)
    return local_signer(seed)


def local_signer(seed: int) -> Signer:
    """The manager's key in the local world of a seed, which anybody can compute."""
    return Signer(Secret(keccak(text=f"the manager of the local world, seed {seed}").hex()))


# ------------------------------------------------------------------------------------- parts


def _players(book: AddressBook, world: LocalWorld, setting: Setting) -> tuple[Player, ...]:
    accounts = world.deployment.agents
    players = default_cast(book, accounts)
    if setting.rivals is None:
        return players
    return (*players, *setting.rivals(book, free_accounts(accounts)))


def new_safe(world: LocalWorld, signer: Signer) -> Address:
    """A new Safe of the signer, who gets money for gas."""
    world.give_native(signer.address, GAS_MONEY)
    made = world.new_safe(signer.address)
    deployer = world.deployment.deployer
    (receipt,) = world.mine(Transaction(deployer, made.creation.to, made.creation.data))
    if not receipt.ok:
        raise ConfigError(f"the manager's Safe could not be made: {receipt.error}")
    return made.address


def _scenario(
    setting: Setting,
    book: AddressBook,
    world: LocalWorld,
    players: tuple[Player, ...],
    safe: Address,
) -> Scenario:
    if setting.scenario is None:
        return Scenario()
    source = str(setting.scenario)
    try:
        text = setting.scenario.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the scenario {source} cannot be read: {error}") from None
    named = {player.agent.name: player.agent.account for player in players} | {"manager": safe}
    names = Names(book, world.deployment.agents, named)
    return resolve_scenario(parse_script(text, source), names, source)


def _endowment(
    book: AddressBook,
    players: tuple[Player, ...],
    scenario: Scenario,
    setting: Setting,
    start: Mapping[str, int],
) -> dict[Address, dict[Token, int]]:
    """Every player's stock, and what the script's actors will pay."""
    given = stocks(players, book, start)
    for account, payments in scenario.payments(setting.blocks).items():
        of_account = given.setdefault(account, {})
        for token, raw in payments.items():
            of_account[token] = of_account.get(token, 0) + raw
    return given


def equip(world: LocalWorld, book: AddressBook, safe: Address, set_up: SetUp) -> None:
    """Give everybody the tokens that the set-up says, the manager's Safe its capital."""
    endow(world, book, set_up.endowment)
    world.mine(*(world.funding(safe, token.symbol, raw) for token, raw in set_up.capital.items()))


def capital_of(setting: Setting, book: AddressBook, prices: Mapping[str, int]) -> dict[Token, int]:
    """The base units that the manager begins with, at outside prices, rounded down."""
    dollars = setting.capital or CAPITAL
    return {
        book.token(symbol): quantise(
            Fraction(worth * DOLLAR, prices[symbol]),
            Fraction(1, book.token(symbol).unit),
            Rounding.DOWN,
        )
        for symbol, worth in dollars.items()
    }


async def _chain(
    rpc: Rpc, bot: Bot, signer: Signer, host: Host, blocks: int, cadence: int
) -> Chain:
    await rpc.check_chain()
    safe = Safe(bot.account, signer.address, host.book.multi_send, host.book.plan_check)
    multicall = Multicall(host.book.multicall)
    await check_safe(rpc, safe, await head(rpc, "latest"), multicall)
    accounts = bot.accounts
    reader = Reader(rpc, bot.adapters, bot.markets, accounts, bot.account, multicall)

    async def pull() -> Head | None:
        """The next block to decide on: every `cadence`-th, or the last."""
        at = None
        for _ in range(min(cadence, blocks - host.conductor.block)):
            at = await host.next_block()
        return at

    return Chain(reader, Submitter(rpc, bot.adapters, signer, safe), bot, pull)
