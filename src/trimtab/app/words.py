"""Quantities as people read them: exact values, rounded half to even only where they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from trimtab.app.keys import in_pool, is_debt, protocol_of, ranged, side_of, token_of
from trimtab.app.parts import Bounds, TokenName
from trimtab.app.recorded import Measure, Refused, Seen, Token
from trimtab.app.recorded_actions import (
    Action,
    AddLiquidity,
    Approve,
    Borrow,
    Collect,
    Liquidity,
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
from trimtab.core.market import LIQUIDITY
from trimtab.mandate import limits

Limit = Measure | Refused | plan.Measure
"""A limit with what was measured and what is allowed."""

SIGNIFICANT = 6
"""Digits that an amount of a token is shown with; what is smaller is noise to a reader."""

GWEI = 10**9
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


# ------------------------------------------------------------------------------------ numbers


def number(value: Fraction | int, places: int = 0) -> str:
    """A value with thousands separators and so many decimals: `-1,234.50`."""
    scaled = round(Fraction(value) * 10**places)
    whole, part = divmod(abs(scaled), 10**places)
    return f"{'-' if scaled < 0 else ''}{whole:,}" + (f".{part:0{places}d}" if places else "")


def signed(text: str) -> str:
    """A number's text with its sign in front, whichever it is; zero has none."""
    return text if text.startswith("-") or not any(d in text for d in "123456789") else f"+{text}"


def quantity(value: Fraction, most: int) -> str:
    """A value to six significant digits, but two decimals at least and `most` at most."""
    places = max(2, SIGNIFICANT - _magnitude(value))
    return _trimmed(number(value, min(places, most)), min(2, most))


def money(value: Fraction) -> str:
    """A value to two decimals; below a cent, to two leading digits, but six decimals at most."""
    if abs(value) >= Fraction(1, 200) or not value:
        return number(value, 2)
    places = min(2 - _magnitude(value), SIGNIFICANT)
    return _trimmed(number(value, places), 2) if round(value * 10**places) else "0.000000"


def percent(share: Fraction | float, places: int = 2) -> str:
    """A share in per cent: `41.20%`."""
    return number(Fraction(share) * 100, places) + "%"


def _trimmed(text: str, least: int) -> str:
    """The text without the zeros at its end, but `least` decimals."""
    whole, point, decimals = text.partition(".")
    return whole + point + decimals.rstrip("0").ljust(least, "0")


def _magnitude(value: Fraction) -> int:
    """Digits before the point; less than one, minus the zeros that follow the point."""
    if not value:
        return 1
    whole = abs(value.numerator) // value.denominator
    if whole:
        return len(str(whole))
    zeros = 0
    while abs(value) * 10 ** (zeros + 1) < 1:
        zeros += 1
    return -zeros


# -------------------------------------------------------------------------------------- times


def moment(timestamp: int) -> str:
    """A block's time: `2026-01-31 14:00:00 UTC`."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(seconds: int) -> str:
    """A length of time in its two largest units: `2 d 3 h`, `12 s`."""
    parts, left = [], seconds
    for length, unit in _SPANS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def short(identity: str) -> str:
    """An address or a hash by its ends: `0x1234…cdef`."""
    return identity if len(identity) <= 12 else f"{identity[:6]}…{identity[-4:]}"


def count(many: int, noun: str) -> str:
    """A count with its noun: `1 block`, `2 blocks`."""
    return f"{many:,} {noun}" + ("" if many == 1 else "s")


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
        if protocol_of(key) == "erc20":
            return f"{symbol} in the account"
        if in_pool(key):
            kind, _, ticks = side_of(key).partition(":")
            how = "pooled" if kind == LIQUIDITY else kind
            return f"{symbol} {how} at {market}{ranged(ticks.split(':')) if ticks else ''}"
        return f"{symbol} {'owed' if is_debt(key) else 'lent'} at {market}"

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
            case Transfer() | Approve() | UpdateAnswer():
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

    def _other(self, action: Transfer | Approve | UpdateAnswer) -> str:
        match action:
            case Transfer():
                sent = self.amount(action.token.address, action.amount)
                return f"send {sent} to {action.to}"
            case Approve():
                allowed = self.amount(action.token.address, action.amount)
                return f"allow {short(action.spender)} to take {allowed}"
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
