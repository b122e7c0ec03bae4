import pytest

from tests.unit.core.test_token import WETH
from tests.unit.protocols.curve.stable_pools import COINS, NOW, POOL, SUPPLY, stable_state
from trimtab.core.errors import NoRoute
from trimtab.protocols.curve import quote, token_amount, virtual_price, withdraw_one
from trimtab.protocols.curve.model.amounts import exchanged

A, B, C, D = COINS


def test_quote__pool_in_balance__near_one_to_one_less_the_fee() -> None:
    found = quote(stable_state(), POOL, A, C, 10**9)
    assert found.amount_in_used == 10**9
    assert 999 * 10**18 < found.amount_out < 10**21 - found.fee_paid
    assert found.fee_paid == 4 * (found.amount_out + found.fee_paid) // 10**4


def test_quote__nothing_sold__nothing_bought() -> None:
    assert quote(stable_state(fee=0), POOL, C, D, 1).amount_out == 0


@pytest.mark.parametrize("pair", [(A, A), (A, WETH), (WETH, A)])
def test_quote__tokens_that_are_not_two_of_the_pool__no_route(pair: tuple[object, ...]) -> None:
    with pytest.raises(NoRoute):
        quote(stable_state(), POOL, *pair, 1)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize("raw", [2**255, 2**256 - 1])
@pytest.mark.parametrize("balances", [(0, 0, 0, 0), (10**12, 10**12, 10**24, 0), ()])
def test_quote__arithmetic_without_an_answer__no_route(raw: int, balances: tuple[int, ...]) -> None:
    with pytest.raises(NoRoute, match="no answer to this exchange"):
        quote(stable_state(*balances), POOL, A, B, raw)


def test_queries__empty_pool__no_route() -> None:
    empty = stable_state(0, 0, 0, 0, supply=0)
    with pytest.raises(NoRoute, match="the price of a share"):
        virtual_price(empty, POOL)
    with pytest.raises(NoRoute, match="this withdrawal"):
        withdraw_one(empty, POOL, A, 1)
    with pytest.raises(NoRoute, match="these amounts"):
        token_amount(empty, POOL, (1, 1, 1, 1), is_deposit=False)


def test_virtual_price__after_an_exchange__no_less() -> None:
    state = stable_state()
    assert virtual_price(state, POOL) == 10**18
    after = stable_state(*exchanged(state, NOW, 0, 3, 10**11).balances)
    assert virtual_price(after, POOL) > 10**18


def test_withdraw_one__a_quarter_of_all__less_than_all_of_a_coin() -> None:
    quarter = SUPPLY // 4
    found = withdraw_one(stable_state(), POOL, C, quarter)
    assert 0 < found < 10**24
