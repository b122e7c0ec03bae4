"""What comes from the chain is hostile until checked: nonsense skips a block, it ends nothing."""

import pytest

from tests.support.observed import observed as observations
from trimtab.core.abi import Answer, Log, topic
from trimtab.core.adapter import Question, adapter_of, decoded, observed
from trimtab.core.errors import MissingRead
from trimtab.core.market import Market, State, tracked
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.uniswap_v3 import Pool

TRANSFER = topic("Transfer(address,address,uint256)")


def market_of(kind: type) -> tuple[Market[State], State]:
    stage = observations()
    states = stage.observations[0].states
    market = next(each for each in states.markets.values() if isinstance(each, kind))
    return market, states.state(market.id)


def test_observe__transfer_without_its_accounts__missing_read() -> None:
    market, state = market_of(Erc20)
    log = Log(market.address, (TRANSFER,), bytes(32), 9, 0, "0x", 0)
    adapter = adapter_of(observations().bot.adapters, market)
    with pytest.raises(MissingRead, match="makes no sense"):
        observed(adapter, market, state, log)


@pytest.mark.parametrize("kind", [Erc20, Pool], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "answer", [b"", bytes(31), b"\xff" * 32 * 12], ids=["none", "short", "all"]
)
def test_decode__answers_of_another_contract__missing_read_or_refused(
    kind: type, answer: bytes
) -> None:
    market, _ = market_of(kind)
    stage = observations()
    adapter = adapter_of(stage.bot.adapters, market)
    accounts = tracked((stage.bot.account,), stage.bot.markets)
    question = Question(market, accounts, stage.observations[0].states.head)
    asked = adapter.reads(question)
    with pytest.raises(Exception, match=r"\w+") as seen:
        decoded(adapter, question, [Answer(True, answer)] * len(asked))
    assert type(seen.value).__module__ == "trimtab.core.errors"
