from tests.unit.core.test_token import USDC, WETH
from trimtab.core.market import Accounts, MarketId, Place, token_market, tracked, wallet
from trimtab.core.token import Address
from trimtab.protocols.uniswap_v3 import Pool

ONE, OTHER, ROUTER = (Address("0x" + digit * 40) for digit in "123")
POOL = Pool(1, OTHER, "pool", USDC, WETH, 500, 10, ROUTER)
LENDER = MarketId("aave_v3:1:0xabc")


def test_market__identity__protocol_chain_and_address() -> None:
    assert POOL.id == f"uniswap_v3:1:{OTHER}"


def test_market__another_name__equal() -> None:
    assert Pool(1, OTHER, "another", USDC, WETH, 500, 10, ROUTER) == POOL


def test_wallet__token__lies_in_the_tokens_own_market() -> None:
    assert wallet(USDC) == Place(token_market(USDC), USDC)


def test_place__as_text__says_where_and_what() -> None:
    places = [wallet(USDC), Place(LENDER, USDC), Place(LENDER, USDC, "debt")]
    assert [str(place) for place in places] == ["wallet:USDC", "aave_v3:USDC", "aave_v3:USDC:debt"]


def test_place__debt__told_from_a_holding() -> None:
    assert [Place(LENDER, USDC, side).is_debt for side in ("long", "debt")] == [False, True]


def test_place__order__by_key() -> None:
    places = [wallet(WETH), wallet(USDC), Place(LENDER, WETH)]
    assert sorted(places) == sorted(places, key=lambda place: place.key)


def test_accounts__holders__owners_then_custodians_each_once() -> None:
    accounts = Accounts((ONE,), (), {USDC: (OTHER, ONE)})
    assert (accounts.holders(USDC), accounts.holders(WETH)) == ((ONE, OTHER), (ONE,))


def test_tracked__pool__its_router_and_its_balances() -> None:
    expected = Accounts((ONE,), (ROUTER,), {USDC: (OTHER,), WETH: (OTHER,)})
    assert tracked((ONE,), (POOL, POOL)) == expected
