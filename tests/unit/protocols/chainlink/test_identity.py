from trimtab.core.token import Address
from trimtab.protocols.chainlink import Feed, Sequencer
from trimtab.protocols.chainlink.identity import anatomy
from trimtab.protocols.shared.code import Anatomy, Part

AT = Address("0x" + "11" * 20)


def test_anatomy__feed__itself() -> None:
    feed = Feed(1, AT, "chainlink:WETH", "WETH", "USD", 8, 3600)
    assert anatomy(feed) == Anatomy((Part("feed", AT),))


def test_anatomy__sequencer__another_role_since_the_law_ran_on_none() -> None:
    uptime = Sequencer(1, AT, "chainlink:sequencer", 3600)
    assert anatomy(uptime) == Anatomy((Part("uptime feed", AT),))
