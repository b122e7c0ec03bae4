"""The actions of a recorded plan, of which only what people are told is read."""

from __future__ import annotations

from trimtab.app.parts import Part, TokenName


class Swap(Part, frozen=True, kw_only=True, tag_field="type", tag="Swap"):
    """A sale in one pool."""

    market: str
    token_in: TokenName
    token_out: TokenName
    amount_in: int
    min_out: int


class SwapExactOut(Part, frozen=True, kw_only=True, tag_field="type", tag="SwapExactOut"):
    """A purchase in one pool."""

    market: str
    token_in: TokenName
    token_out: TokenName
    amount_out: int
    max_in: int


class AddLiquidity(Part, frozen=True, kw_only=True, tag_field="type", tag="AddLiquidity"):
    """Tokens put into a pool, or into a range of it."""

    market: str
    tokens: tuple[TokenName, ...]
    amounts: tuple[int, ...]
    least: int
    ticks: tuple[int, ...]


class RemoveLiquidity(Part, frozen=True, kw_only=True, tag_field="type", tag="RemoveLiquidity"):
    """Liquidity taken out of a pool, or of a range of it."""

    market: str
    tokens: tuple[TokenName, ...]
    shares: int
    ticks: tuple[int, ...]


class RemoveLiquidityOne(
    Part, frozen=True, kw_only=True, tag_field="type", tag="RemoveLiquidityOne"
):
    """Liquidity taken out of a pool as one of its tokens."""

    market: str
    token: TokenName
    shares: int
    least: int


class Collect(Part, frozen=True, kw_only=True, tag_field="type", tag="Collect"):
    """What a pool owes a range, taken."""

    market: str
    tokens: tuple[TokenName, ...]
    ticks: tuple[int, ...]


class Supply(Part, frozen=True, kw_only=True, tag_field="type", tag="Supply"):
    """Tokens lent."""

    market: str
    token: TokenName
    amount: int


class Withdraw(Part, frozen=True, kw_only=True, tag_field="type", tag="Withdraw"):
    """Lent tokens taken back; `amount` is "all" where no number names it."""

    market: str
    token: TokenName
    amount: str


class Borrow(Part, frozen=True, kw_only=True, tag_field="type", tag="Borrow"):
    """Tokens borrowed."""

    market: str
    token: TokenName
    amount: int


class Repay(Part, frozen=True, kw_only=True, tag_field="type", tag="Repay"):
    """A debt paid back; `amount` is "all" where no number names it."""

    market: str
    token: TokenName
    amount: str


class OpenPosition(Part, frozen=True, kw_only=True, tag_field="type", tag="OpenPosition"):
    """Exposure bought or sold at a perpetual; `amount` and `bound` are units of 10**-18."""

    market: str
    is_short: bool
    is_exact_in: bool
    amount: int
    bound: int


class ClosePosition(Part, frozen=True, kw_only=True, tag_field="type", tag="ClosePosition"):
    """A position at a perpetual traded away; `bound` is in units of 10**-18."""

    market: str
    bound: int


class EnterLoop(Part, frozen=True, kw_only=True, tag_field="type", tag="EnterLoop"):
    """A loop entered: what is borrowed, by a flash loan, and the least that it buys."""

    market: str
    pool: str
    collateral: TokenName
    debt: TokenName
    loan: int
    least: int


class LeaveLoop(Part, frozen=True, kw_only=True, tag_field="type", tag="LeaveLoop"):
    """A loop left: what is repaid, by a flash loan, and the most collateral that it costs."""

    market: str
    pool: str
    collateral: TokenName
    debt: TokenName
    loan: int
    most: int


class Delegate(Part, frozen=True, kw_only=True, tag_field="type", tag="Delegate"):
    """Leave for a contract to borrow."""

    market: str
    token: TokenName
    to: str
    amount: int


class Transfer(Part, frozen=True, kw_only=True, tag_field="type", tag="Transfer"):
    """Tokens sent to another account."""

    market: str
    token: TokenName
    to: str
    amount: int


class Approve(Part, frozen=True, kw_only=True, tag_field="type", tag="Approve"):
    """Leave for a contract to take tokens."""

    market: str
    token: TokenName
    spender: str
    amount: int


class UpdateAnswer(Part, frozen=True, kw_only=True, tag_field="type", tag="UpdateAnswer"):
    """A feed's new answer."""

    market: str
    answer: int


Loop = EnterLoop | LeaveLoop
Liquidity = AddLiquidity | RemoveLiquidity | RemoveLiquidityOne | Collect
Action = (
    Swap
    | SwapExactOut
    | Liquidity
    | Supply
    | Withdraw
    | Borrow
    | Repay
    | OpenPosition
    | ClosePosition
    | Loop
    | Delegate
    | Transfer
    | Approve
    | UpdateAnswer
)
