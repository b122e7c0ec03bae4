"""What is asked of a vault, and how the answers become its state.

All of it is asked every block. The previews and limits are asked so that a vault which counts in
another way is refused and not guessed.
"""

from collections.abc import Callable, Sequence
from functools import cache

from trimtab.core.abi import UINT256_MAX, Answer, Read, call_data, word, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.token import Address
from trimtab.protocols.erc4626.market import Vault, VaultState
from trimtab.protocols.erc4626.model import previews
from trimtab.protocols.shared import shares
from trimtab.protocols.shared.reverts import RevertError

_PREVIEWS: dict[str, Callable[[previews.Totals, int], int]] = {
    "previewDeposit(uint256)": previews.preview_deposit,
    "previewMint(uint256)": previews.preview_mint,
    "previewWithdraw(uint256)": previews.preview_withdraw,
    "previewRedeem(uint256)": previews.preview_redeem,
}
_LIMITS = (
    "maxDeposit(address)",
    "maxMint(address)",
    "maxWithdraw(address)",
    "maxRedeem(address)",
)
_IDENTITY = ("asset()", "decimals()")
_TRIED = 1_000_003
"""How many whole tokens the previews are asked about: a prime, so that roundings show."""


def reads(vault: Vault, question: Question[VaultState]) -> tuple[Read, ...]:
    """Totals, previews, limits and shares; who the vault is where nothing is known."""
    if question.round:
        return ()
    owners, pairs = question.accounts.owners, _pairs(question)
    hot = (
        *_asked(vault),
        *(Read(vault.address, call_data(each, owner)) for owner in owners for each in _LIMITS),
        *shares.reads(vault.address, owners, pairs),
    )
    if question.known is not None:
        return hot
    return (*hot, *(Read(vault.address, call_data(each)) for each in _IDENTITY))


def decode(vault: Vault, question: Question[VaultState], answers: Sequence[Answer]) -> VaultState:
    """The state that the answers of round 0 give.

    Raises MissingRead for answers that are absent, short or refused, and DataError for a vault
    that is not the market's, or whose previews or limits are not those of the model.
    """
    asked = len(reads(vault, question))
    if len(answers) != asked:
        raise MissingRead(f"{len(answers)} answers to {asked} reads of {vault.name}")
    if question.known is None:
        _check_identity(vault, answers[-len(_IDENTITY) :])
        answers = answers[: -len(_IDENTITY)]
    owners, own = question.accounts.owners, len(_asked(vault))
    limits = own + len(owners) * len(_LIMITS)
    counted, lying = (
        words(answer, 1, f"{what} of {vault.name}")[0]
        for answer, what in zip(answers, ("totalAssets", "the balance"), strict=False)
    )
    held = shares.decode(answers[limits:], owners, _pairs(question), vault.name)
    state = VaultState(
        timestamp=question.head.timestamp,
        vault=vault.address,
        elsewhere=counted - lying,
        shares=held.followed(None if question.known is None else question.known.shares),
        read_at=question.head.timestamp,
    )
    if vault.is_plain and state.elsewhere:
        raise DataError(
            f"{vault.name} counts {counted} base units of {vault.asset} and has {lying}: it is not "
            "the plain vault that it was declared as, so its assets may move by time; declare it "
            "as another one"
        )
    of = previews.Totals(counted, state.shares.supply, vault.offset)
    _check_previews(vault, of, answers[2:own])
    _check_limits(vault, of, state, owners, answers[own:limits])
    return state


def _pairs(question: Question[VaultState]) -> tuple[tuple[Address, Address], ...]:
    return question.accounts.allowing(question.known)


@cache
def _asked(vault: Vault) -> tuple[Read, ...]:
    return (
        Read(vault.address, call_data("totalAssets()")),
        Read(vault.asset.address, call_data("balanceOf(address)", vault.address)),
        *(Read(vault.address, call_data(each, tried(vault))) for each in _PREVIEWS),
    )


def tried(vault: Vault) -> int:
    """The amount, of base units or of shares, that the previews are asked about."""
    return _TRIED * vault.asset.unit


# ------------------------------------------------------------------------------ what is refused


def _check_previews(vault: Vault, of: previews.Totals, answers: Sequence[Answer]) -> None:
    for (what, preview), answer in zip(_PREVIEWS.items(), answers, strict=True):
        try:
            expected: int | None = preview(of, tried(vault))
        except RevertError:
            expected = None
        stated = words(answer, 1, f"{what} of {vault.name}")[0] if answer.ok else None
        if stated != expected:
            raise DataError(
                f"{vault.name} answers {stated} to {what} of {tried(vault)}, expected {expected} "
                f"by (assets + 1) / (shares + 10**{vault.offset}): it takes a fee or counts in a "
                "way of its own, which is not modelled; leave it out"
            )


def _check_limits(
    vault: Vault,
    of: previews.Totals,
    state: VaultState,
    owners: Sequence[Address],
    answers: Sequence[Answer],
) -> None:
    stated = iter(answers)
    for owner in owners:
        every = previews.max_redeem(state, owner)
        least = previews.max_withdraw(of, state, owner)
        for what, expected in zip(_LIMITS, (UINT256_MAX, UINT256_MAX, least, every), strict=True):
            (limit,) = words(next(stated), 1, f"{what} of {vault.name}")
            if limit != expected:
                raise DataError(
                    f"{vault.name} answers {limit} to {what} of {owner}, expected {expected}: it "
                    "has limits of its own, which are not modelled; leave it out"
                )


def _check_identity(vault: Vault, answers: Sequence[Answer]) -> None:
    declared = (word(vault.asset.address), word(vault.share.decimals))
    for what, expected, answer in zip(_IDENTITY, declared, answers, strict=True):
        (stated,) = words(answer, 1, f"{what} of {vault.name}")
        if word_of(stated) != expected:
            raise DataError(
                f"{vault.name} at {vault.address}: {what} is {stated:#x}, expected "
                f"{int.from_bytes(expected, 'big'):#x}: correct the declaration, or the address"
            )


def word_of(stated: int) -> bytes:
    """The word that an unsigned integer was read from."""
    return stated.to_bytes(32, "big")
