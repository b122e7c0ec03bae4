"""What is asked of the contract, a rate model and an oracle, and how the answers become states.

All in one round. Every block: a market's totals and the tracked positions. Where nothing is known,
also that the market has the parameters that were declared, and the rate model is the contract's.
"""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts, MarketId
from trimtab.core.quantise import Timestamp, Wad
from trimtab.core.token import Address, address_from_bytes
from trimtab.protocols.morpho.market import (
    LendingMarket,
    LendingState,
    Morpho,
    MorphoState,
    Position,
)
from trimtab.protocols.morpho.oracles import (
    MOST_FEEDS,
    AnyState,
    FeedOracle,
    FeedOracleState,
    OracleState,
    PriceOracle,
)

_MOST_FEE = 25 * 10**16
_LARGEST = 2**128

# --------------------------------------------------------------------------------- the contract


def contract_reads(contract: Morpho, question: Question[AnyState]) -> tuple[Read, ...]:
    """Who may act for whom."""
    if question.round:
        return ()
    asked = "isAuthorized(address,address)"
    return tuple(
        Read(contract.address, call_data(asked, *pair)) for pair in pairs(question.accounts)
    )


def decode_contract(
    contract: Morpho, question: Question[AnyState], answers: Sequence[Answer]
) -> MorphoState:
    """The authorisations. Raises MissingRead for an answer that is absent, or is no yes or no."""
    tracked = pairs(question.accounts)
    said = [words(answer, 1, f"isAuthorized of {contract.name}")[0] for answer in answers]
    if len(said) != len(tracked) or any(word > 1 for word in said):
        raise MissingRead(
            f"{contract.name} answers {len(tracked)} questions of who may act for whom with "
            f"{said}, expected as many, of 0 or 1"
        )
    authorisations = dict(zip(tracked, map(bool, said), strict=True))
    return MorphoState(question.head.timestamp, authorisations)


def pairs(accounts: Accounts) -> tuple[tuple[Address, Address], ...]:
    """The (owner, other) pairs that are tracked: each owner with all who may act for it."""
    return tuple(
        (owner, other)
        for owner in accounts.owners
        for other in dict.fromkeys((*accounts.others(owner), *accounts.spenders))
        if owner != other
    )


# ----------------------------------------------------------------------------------- the oracle


def oracle_reads(oracle: PriceOracle, question: Question[AnyState]) -> tuple[Read, ...]:
    """The price."""
    return () if question.round else (Read(oracle.address, call_data("price()")),)


def decode_oracle(
    oracle: PriceOracle, question: Question[AnyState], answers: Sequence[Answer]
) -> OracleState:
    """The price that the oracle states."""
    (price,) = words(answers[0], 1, f"price of {oracle.name}")
    return OracleState(question.head.timestamp, price)


def feed_oracle_reads(oracle: FeedOracle, question: Question[AnyState]) -> tuple[Read, ...]:
    """How it scales its feeds; where nothing is known, also which feeds and vaults it has."""
    if question.round:
        return ()
    asked: tuple[str, ...] = ("SCALE_FACTOR()",)
    if question.known is None:
        asked += _FEEDS + _VAULTS
    return tuple(Read(oracle.address, call_data(getter)) for getter in asked)


def decode_feed_oracle(
    oracle: FeedOracle, question: Question[AnyState], answers: Sequence[Answer]
) -> FeedOracleState:
    """The moment, if the oracle is what was declared.

    Raises DataError for another one, and for one that prices a vault's shares.
    """
    expected = len(feed_oracle_reads(oracle, question))
    said = tuple(words(answer, 1, f"what {oracle.name} is made of")[0] for answer in answers)
    if len(said) != expected:
        raise MissingRead(f"{len(said)} answers to {expected} reads of {oracle.name}")
    declared = oracle.scale_factor, *_places(oracle.base_feeds), *_places(oracle.quote_feeds)
    if said[: len(declared)] != declared[:expected]:
        raise DataError(
            f"{oracle.name} scales by, multiplies and divides by {said[: len(declared)]}, expected "
            f"{declared}: correct the address book"
        )
    if any(said[len(declared) :]):
        raise DataError(f"{oracle.name} prices the shares of a vault, which is not modelled")
    return FeedOracleState(question.head.timestamp)


_FEEDS = ("BASE_FEED_1()", "BASE_FEED_2()", "QUOTE_FEED_1()", "QUOTE_FEED_2()")
_VAULTS = ("BASE_VAULT()", "QUOTE_VAULT()")


def _places(feeds: Sequence[MarketId]) -> tuple[int, ...]:
    """The addresses of feeds as the oracle states them, nothing where there is none."""
    named = [int(feed.rsplit(":", 1)[1], 16) for feed in feeds]
    return tuple(named + [0] * (MOST_FEEDS - len(named)))


# ----------------------------------------------------------------------------------- the market


def reads(market: LendingMarket, question: Question[AnyState]) -> tuple[Read, ...]:
    """The totals, the fee's recipient, the positions; the identity where nothing is known."""
    if question.round:
        return ()
    number = int(market.market_id, 16)
    asked = [
        Read(market.address, call_data("market(bytes32)", number)),
        Read(market.address, call_data("feeRecipient()")),
    ]
    if market.keeps_rate:
        asked.append(Read(market.rate_model, call_data("rateAtTarget(bytes32)", number)))
    position = "position(bytes32,address)"
    asked += [
        Read(market.address, call_data(position, number, owner))
        for owner in question.accounts.owners
    ]
    if question.known is None:
        asked.append(Read(market.address, call_data("idToMarketParams(bytes32)", number)))
        if market.keeps_rate:
            asked.append(Read(market.rate_model, call_data("MORPHO()")))
    return tuple(asked)


def decode(
    market: LendingMarket, question: Question[AnyState], answers: Sequence[Answer]
) -> LendingState:
    """The market's state.

    Raises MissingRead for answers that are absent, short or impossible, and DataError for a
    market that was not created or is not what was declared.
    """
    expected = len(reads(market, question))
    if len(answers) != expected:
        raise MissingRead(f"{len(answers)} answers to {expected} reads of {market.name}")
    given = iter(answers)
    totals = words(next(given), 6, f"the totals of {market.name}")
    (recipient,) = words(next(given), 1, f"feeRecipient of {market.name}")
    rate_at_target = None
    if market.keeps_rate:
        (rate_at_target,) = words(next(given), 1, f"rateAtTarget of {market.name}")
    positions = {
        owner: Position(*words(next(given), 3, f"the position of {owner} in {market.name}"))
        for owner in question.accounts.owners
    }
    if question.known is None:
        _check_identity(market, tuple(given))
    _check_totals(market, totals, question.head.timestamp)
    supply_assets, supply_shares, borrow_assets, borrow_shares, last_update, fee = totals
    return LendingState(
        timestamp=question.head.timestamp,
        market=market,
        total_supply_assets=supply_assets,
        total_supply_shares=supply_shares,
        total_borrow_assets=borrow_assets,
        total_borrow_shares=borrow_shares,
        last_update=Timestamp(last_update),
        fee=Wad(fee),
        fee_recipient=address_from_bytes(recipient.to_bytes(32, "big")),
        rate_at_target=rate_at_target,
        positions=positions,
    )


def _check_totals(market: LendingMarket, totals: tuple[int, ...], now: Timestamp) -> None:
    """Refuse what no market of the contract can have."""
    *_, last_update, fee = totals
    if last_update == 0:
        raise DataError(
            f"{market.name} was not created at {market.address}: correct the address book"
        )
    if last_update > now or fee > _MOST_FEE or max(totals) >= _LARGEST:
        raise MissingRead(
            f"{market.name} states {totals} at {now}: a market was called in the past, has a fee "
            f"of {_MOST_FEE} at most, and holds less than 2**128"
        )


def _check_identity(market: LendingMarket, answers: Sequence[Answer]) -> None:
    stated = words(answers[0], 5, f"idToMarketParams of {market.name}")
    *addresses, lltv = market.parameters
    declared = (*(int(each, 16) for each in addresses), lltv)
    if stated != declared:
        raise DataError(
            f"{market.name} has the parameters {[hex(each) for each in stated]}, expected "
            f"{[hex(each) for each in declared]}: correct the address book"
        )
    if market.keeps_rate:
        (morpho,) = words(answers[1], 1, f"MORPHO of the rate model of {market.name}")
        if morpho != int(market.address, 16):
            raise DataError(
                f"the rate model of {market.name} serves {morpho:#042x}, not {market.address}: "
                "it would refuse every call; correct the address book"
            )
