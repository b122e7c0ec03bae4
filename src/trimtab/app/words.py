"""Quantities as people read them: exact values, rounded half to even only where they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.app.keys import in_account, in_pool, is_debt, protocol_of, ranged, side_of, token_of
from trimtab.app.numbers import SIGNIFICANT, money, percent, quantity, short, signed, span
from trimtab.app.parts import Bounds, TokenName
from trimtab.app.recorded import Leg, Measure, Refused, Seen, Token
from trimtab.app.recorded_actions import (
    Action,
    AddLiquidity,
    Approve,
    Borrow,
    ClosePosition,
    Collect,
    Delegate,
    EnterLoop,
    LeaveLoop,
    Liquidity,
    Loop,
    OpenPosition,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core import plan
from trimtab.core.market import LIQUIDITY, POSITION
from trimtab.mandate import limits

Limit = Measure | Refused | plan.Measure
"""A limit with what was measured and what is allowed."""

GWEI = 10**9


# ----------------------------------------------------------------------------- named by tokens


@dataclass(frozen=True, slots=True)
class Lexicon:
    """How tokens and markets of a moment are called; worths are in the numeraire's base units."""

    numeraire: str
    tokens: Mapping[str, Token]
    names: Mapping[str, str]

    @classmethod
    def of(cls, seen: Seen) -> Lexicon:
        """The names that a tick recorded."""
        return cls(seen.numeraire, seen.tokens, seen.names)

    def symbol(self, address: str) -> str:
        """A token's symbol; of one without a price, its address."""
        token = self.tokens.get(address)
        return token.symbol if token else short(address)

    @property
    def unit(self) -> str:
        """The numeraire's symbol."""
        return self.symbol(self.numeraire)

    def whole(self, worth: Fraction) -> Fraction:
        """A worth in whole units of the numeraire."""
        return worth / int(10 ** self.tokens[self.numeraire].decimals)

    def worth(self, worth: Fraction) -> str:
        """A worth with its unit: `1,234.56 USDC`."""
        return f"{money(self.whole(worth))} {self.unit}"

    def gained(self, worth: Fraction) -> str:
        """A change of worth, with its sign."""
        return signed(self.worth(worth))

    def amount(self, address: str, raw: int) -> str:
        """Base units of a token as people count it: `12.3456 WETH`."""
        token = self.tokens.get(address)
        if token is None:
            return f"{raw:,} base units of {short(address)}"
        return f"{quantity(Fraction(raw, 10**token.decimals), token.decimals)} {token.symbol}"

    def held(self, key: str, raw: int) -> str:
        """What lies in a place, by its key."""
        return self.amount(token_of(key), raw)

    def place(self, key: str) -> str:
        """A place by its key: `USDC in the account`, `USDC lent at aave_v3`."""
        symbol, market = self.symbol(token_of(key)), self.market(key.partition("/")[0])
        if in_account(key):
            return f"{symbol} in the account"
        if in_pool(key):
            kind, _, ticks = side_of(key).partition(":")
            how = "pooled" if kind == LIQUIDITY else kind
            return f"{symbol} {how} at {market}{ranged(ticks.split(':')) if ticks else ''}"
        if side_of(key) == POSITION:
            return f"{symbol} gained by the position at {market}"
        is_margin = protocol_of(key) == "perpetual"
        how = "owed" if is_debt(key) else "as margin" if is_margin else "lent"
        return f"{symbol} {how} at {market}"

    def leg(self, leg: Leg) -> str:
        """Where a wished weight is to lie; of a position, with its margin."""
        if leg.place.side != POSITION:
            return self.place(leg.place.key)
        return f"position at {self.market(leg.place.market)}, margin {percent(leg.margin)}"

    def market(self, identity: str) -> str:
        """A market's name; where none is recorded, its protocol and address."""
        protocol, _, rest = identity.partition(":")
        return self.names.get(identity, f"{protocol} {short(rest.partition(':')[2])}")

    def named(self, text: str) -> str:
        """A text of the chain's with names for the addresses of tokens and markets."""
        for address, token in self.tokens.items():
            text = text.replace(address, token.symbol)
        for identity, name in self.names.items():
            text = text.replace(identity, name).replace(identity.rpartition(":")[2], name)
        return text

    # ------------------------------------------------------------------------ plans and limits

    def bounds(self, bounds: Bounds) -> tuple[str, ...]:
        """What a plan leaves at least, bound by bound."""
        least = (self.amount(each.token.address, each.least) for each in bounds.balances)
        healths = (
            f"a health factor of {quantity(Fraction(each.least, 10**18), SIGNIFICANT)} at "
            f"{self.named(each.pool)}"
            for each in bounds.healths
        )
        return (*(f"{amount} in the account" for amount in least), *healths)

    def action(self, action: Action) -> str:
        """An action in words, amounts as people count them."""
        match action:
            case Swap():
                sold = self.amount(action.token_in.address, action.amount_in)
                least = self.amount(action.token_out.address, action.min_out)
                return f"sell {sold} for at least {least} in {self.market(action.market)}"
            case SwapExactOut():
                most = self.amount(action.token_in.address, action.max_in)
                bought = self.amount(action.token_out.address, action.amount_out)
                return f"buy {bought} for at most {most} in {self.market(action.market)}"
            case AddLiquidity() | RemoveLiquidity() | RemoveLiquidityOne() | Collect():
                return self._liquidity(action)
            case Transfer() | Approve() | Delegate() | UpdateAnswer() | EnterLoop() | LeaveLoop():
                return self._other(action)
            case Supply():
                lent = self.amount(action.token.address, action.amount)
                return f"lend {lent} at {self.market(action.market)}"
            case Borrow():
                owed = self.amount(action.token.address, action.amount)
                return f"borrow {owed} at {self.market(action.market)}"
            case Withdraw():
                taken = self._some(action.token.address, action.amount)
                return f"take back {taken} from {self.market(action.market)}"
            case Repay():
                paid = self._some(action.token.address, action.amount)
                return f"pay back {paid} to {self.market(action.market)}"
            case OpenPosition() | ClosePosition():
                return self._position(action)

    def _loop(self, action: Loop) -> str:
        where, loan = self.market(action.pool), self.amount(action.debt.address, action.loan)
        if isinstance(action, EnterLoop):
            least = self.amount(action.collateral.address, action.least)
            return f"borrow {loan} and lend at least {least} for it at {where}, by a flash loan"
        most = self.amount(action.collateral.address, action.most)
        return f"pay back {loan} for at most {most} lent at {where}, by a flash loan"

    def _position(self, action: OpenPosition | ClosePosition) -> str:
        where, bound = self.market(action.market), quantity(Fraction(action.bound, 10**18), 2)
        if isinstance(action, ClosePosition):
            return f"close the position at {where}, at a bound of {bound}"
        verb, limit = ("sell", "at least") if action.is_short else ("buy", "at most")
        size = quantity(Fraction(action.amount, 10**18), 18)
        return f"{verb} {size} at {where} for {limit} {bound}"

    def _liquidity(self, action: Liquidity) -> str:
        where = self.market(action.market)
        match action:
            case AddLiquidity():
                put = self._amounts(action.tokens, action.amounts)
                return f"put up to {put} into {where}{ranged(action.ticks)}"
            case RemoveLiquidity():
                where += ranged(action.ticks)
                if not action.shares:
                    return f"bring up to date what {where} owes"
                return f"take {action.shares:,} shares out of {where}"
            case RemoveLiquidityOne():
                least = self.amount(action.token.address, action.least)
                return f"take {action.shares:,} shares out of {where} as at least {least}"
            case Collect():
                return f"collect what {where}{ranged(action.ticks)} owes"

    def _other(self, action: Transfer | Approve | Delegate | UpdateAnswer | Loop) -> str:
        match action:
            case EnterLoop() | LeaveLoop():
                return self._loop(action)
            case Transfer():
                sent = self.amount(action.token.address, action.amount)
                return f"send {sent} to {action.to}"
            case Approve():
                allowed = self.amount(action.token.address, action.amount)
                return f"allow {short(action.spender)} to take {allowed}"
            case Delegate():
                lent = self.amount(action.token.address, action.amount)
                return f"allow {short(action.to)} to borrow {lent} at {self.market(action.market)}"
            case UpdateAnswer():
                return f"answer {action.answer:,} as {self.market(action.market)}"

    def _amounts(self, tokens: Iterable[TokenName], amounts: Iterable[int]) -> str:
        pairs = zip(tokens, amounts, strict=True)
        return " and ".join(self.amount(token.address, raw) for token, raw in pairs if raw)

    def _some(self, address: str, amount: str) -> str:
        if amount == "all":
            return f"all {self.symbol(address)}"
        return self.amount(address, int(amount))

    def limit(self, limit: Limit) -> tuple[str, str, str]:
        """A limit's name, what was measured, and what is allowed."""
        measured, allowed = (
            self._figure(limit.limit, figure) for figure in (limit.measured, limit.allowed)
        )
        return limit.limit, measured, allowed

    def _figure(self, name: str, figure: Fraction) -> str:
        match name:
            case limits.STATE_AGE:
                return span(int(figure))
            case limits.MAX_EQUITY:
                return self.worth(figure)
            case limits.GAS_PER_DAY:
                return f"{quantity(figure / 10**18, SIGNIFICANT)} of the native token"
            case limits.REDUCE_ONLY:
                return f"{figure} actions"
            case _ if name.startswith(limits.HEALTH):
                return quantity(1 / figure, SIGNIFICANT) if figure else "no debt"
            case _:
                return percent(figure)
