"""What a run says where nobody looks at a terminal: one JSON object a line, on stderr.

Every line carries run, chain and account, and block and intent where it is about one. Nothing reads
them again: what happened is in the journal.
"""

from __future__ import annotations

import sys
from typing import TextIO

import structlog

from trimtab.core.settlement import Dropped, Intent, Mismatch
from trimtab.engine.bot import Bot
from trimtab.engine.run import Step


class Log:
    """The lines of one run."""

    def __init__(self, run: str, chain: int, account: str, file: TextIO | None = None) -> None:
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr if file is None else file),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
            wrapper_class=structlog.BoundLogger,
        ).bind(run=run, chain=chain, account=account)

    def tell(self, words: str) -> None:
        """Something that a person should hear."""
        self._log.warning(words)

    def watch(self, bot: Bot, step: Step) -> None:
        """One turn of the loop."""
        for settlement in step.settled:
            told = type(settlement).__name__.lower()
            log = self._log.bind(outcome=told, plan=settlement.plan_hash)
            if not isinstance(settlement, Dropped | Mismatch):
                log = log.bind(hash=settlement.transaction)
            log.info("settled")
        if step.unwound is not None:
            self._log.warning("unwound", block=step.unwound.number, why=step.skipped)
            return
        outcome = step.outcome
        if outcome is None:
            self._log.warning("skipped", why=step.skipped)
            return
        log = self._log.bind(block=outcome.states.head.number)
        if isinstance(step.sent, Intent):
            log = log.bind(intent=step.sent.nonce, hash=step.sent.hashes[-1])
        elif isinstance(step.sent, Mismatch):
            log = log.bind(mismatch=step.sent.what)
        elif step.skipped is not None:
            log = log.bind(trouble=step.skipped)
        equity = str(bot.numeraire.amount(int(outcome.equity)))
        log.info("turn", equity=equity, why=outcome.why)
