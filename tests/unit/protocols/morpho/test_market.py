from dataclasses import replace

import pytest

from tests.unit.protocols.morpho.isolated import (
    ADAPTIVE,
    AT,
    CONTRACT,
    CURVE,
    ETH,
    FEED,
    IDLE,
    MARKET,
    ORACLE,
    RATES,
    USD,
    account,
)
from trimtab.chain.identities import proven
from trimtab.core.errors import ConfigError
from trimtab.core.market import MarketId
from trimtab.core.quantise import Wad
from trimtab.core.token import ZERO_ADDRESS, address
from trimtab.protocols.morpho import RateModel, id_of
from trimtab.protocols.morpho.identity import RATE_MODELS, anatomy
from trimtab.protocols.shared.code import Part


def test_id__published_market__as_the_contract_names_it() -> None:
    """wstETH against WETH at 94.5 %, of Ethereum, as its documentation lists it."""
    addresses = (
        "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
        "0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0",
        "0x2a01EB9496094dA03c4E364Def50f5aD1280AD72",
        "0x870aC11D48B15DB9a138Cf899d20F13F79Ba00BC",
    )
    loan, collateral, oracle, rates = map(address, addresses)
    parameters = loan, collateral, oracle, rates, 945 * 10**15
    assert id_of(parameters) == "0xc54d7acf14de29e0e5527cabd7a576506870346a78a11a6762e2cca66322ec41"


def test_market__many_in_one_contract__each_its_own() -> None:
    assert len({MARKET.id, ADAPTIVE.id, IDLE.id, CONTRACT.id, FEED.id}) == 5
    assert MARKET.id == f"morpho:1:{MARKET.market_id}"
    assert MARKET.parts == (CONTRACT.id, FEED.id)
    feed = MarketId("chainlink:1:0x0")
    assert replace(MARKET, feeds=(feed,)).parts == (CONTRACT.id, FEED.id, feed)
    assert MARKET.custody == ((USD, AT), (ETH, AT))
    assert MARKET.spenders == (AT,)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"collateral": USD}, "lends USD against itself"),
        ({"lltv": Wad(10**18)}, "expected less than"),
        ({"rate_model": ZERO_ADDRESS}, "names the zero address"),
        ({"rates": RateModel.NONE}, "names the zero address"),
        ({"oracle": account("a")}, "correct the tokens, the oracle"),
        ({"lltv": Wad(1)}, "correct the tokens, the oracle"),
    ],
)
def test_market__whose_parts_do_not_fit__refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        replace(MARKET, **change)  # type: ignore[arg-type]  # one of several fields


def test_anatomy__of_everything() -> None:
    assert anatomy(FEED).parts == (Part("oracle", ORACLE),)
    assert anatomy(CONTRACT).parts == (Part("contract", AT),)
    assert anatomy(IDLE).parts == (Part("contract", AT),)
    assert anatomy(MARKET).parts == (
        Part("contract", AT),
        Part("rate model by utilisation", RATES),
    )
    (exists,) = anatomy(MARKET).relations
    assert exists.expected == USD.address
    _, served = anatomy(ADAPTIVE).relations
    assert (served.of, served.expected) == (CURVE, AT)


def test_identities__nothing_of_it_can_be_armed() -> None:
    """Only we compiled the package's sources, and of the adaptive curve there is no code."""
    found = [each for each in proven().identities if each.protocol == "morpho"]
    assert {each.role for each in found} == {
        "contract",
        "oracle",
        RATE_MODELS[RateModel.UTILISATION],
    }
    assert {each.proven for each in found} == {"source"}
    assert proven().of("morpho", RATE_MODELS[RateModel.ADAPTIVE_CURVE]) == ()
