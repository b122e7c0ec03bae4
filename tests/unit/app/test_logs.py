"""What a run says to a machine: a line of JSON each, with where it belongs."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.support.story import Story
from trimtab.app.logs import Log
from trimtab.core.settlement import Intent, Mismatch


def lines(file: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.getvalue().splitlines()]


@pytest.mark.chain
def test_log__story__a_line_a_turn_and_a_line_a_settlement(story: Story) -> None:
    file = io.StringIO()
    log = Log("run.sqlite", 31337, story.bot.account, file)
    for step in story.steps:
        log.watch(story.bot, step)
    told = lines(file)
    assert {(each["run"], each["chain"], each["account"]) for each in told} == {
        ("run.sqlite", 31337, story.bot.account)
    }
    turns = [each for each in told if each["event"] == "turn"]
    settled = [each for each in told if each["event"] == "settled"]
    outcomes = [step.outcome for step in story.steps if step.outcome]
    assert [each["block"] for each in turns] == [each.states.head.number for each in outcomes]
    assert [each["why"] for each in turns] == [each.why for each in outcomes]
    assert len(settled) == sum(len(step.settled) for step in story.steps)
    sent = [step.sent.nonce for step in story.steps if isinstance(step.sent, Intent)]
    assert [each["intent"] for each in turns if "intent" in each] == sent
    differing = [step.sent.what for step in story.steps if isinstance(step.sent, Mismatch)]
    assert [each["mismatch"] for each in turns if "mismatch" in each] == differing
    skipped = [each for each in told if each["event"] == "skipped"]
    assert len(skipped) == sum(step.outcome is None for step in story.steps)


def test_log__words__a_warning() -> None:
    file = io.StringIO()
    Log("run.sqlite", 1, "0x", file).tell("the WebSocket is lost")
    (told,) = lines(file)
    assert (told["level"], told["event"]) == ("warning", "the WebSocket is lost")
    assert told["timestamp"].endswith("Z")
