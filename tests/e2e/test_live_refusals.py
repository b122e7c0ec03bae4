"""What a live run refuses before it begins: the words, the exit code, and one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from tests.support.faults import OtherChain, Rule
from tests.support.faulty_node import FaultyNode
from tests.survival.ground import grounded
from tests.survival.living import KEY, MANDATE, Ground
from trimtab.app import running
from trimtab.app.main import app
from trimtab.chain.fees import Fees
from trimtab.chain.safe import Safe
from trimtab.chain.secret import Secret
from trimtab.chain.signer import Signer, Transaction
from trimtab.core.abi import Call
from trimtab.core.bounds import Bounds
from trimtab.core.quantise import Timestamp
from trimtab.journal.store import Journal
from trimtab.lab.world import (
    DEFAULT_WORLD,
    VARIABLE_RATE,
    LocalWorld,
    NodeSpec,
    aave_pool_contract,
    local_world,
    token_contract,
    transaction,
)

pytestmark = pytest.mark.e2e

TEXT = MANDATE.read_text().replace('"local"', '"env:TRIMTAB_TEST_KEY"', 1)


@dataclass(frozen=True, slots=True)
class Desk:
    """A world that stands still, a node in front of it, and a folder to work in."""

    world: LocalWorld
    ground: Ground
    node: FaultyNode
    folder: Path

    def run(self, *options: str, text: str = TEXT, seed: int | None = 0) -> Result:
        """`trimtab run` of a mandate's text; without a seed this is no local world's file."""
        file, mandate = self.folder / "world.json", self.folder / "mandate.toml"
        safe, owner = self.ground.safe, self.ground.owner
        running = {"rpc": self.node.url, "safe": safe, "owner": owner, "seed": seed}
        book = orjson.loads(self.ground.deployment)
        file.write_bytes(orjson.dumps(book if seed is None else {**book, "running": running}))
        mandate.write_text(text)
        return command(
            *("run", str(mandate), "--world", str(file), "--blocks", "1"),
            *("--journal", str(self.journal), *options),
        )

    @property
    def journal(self) -> Path:
        return self.folder / "run.sqlite"


def command(*arguments: str) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(app, list(arguments))


def refused(done: Result, code: int, *words: str) -> None:
    """It ended with this code and these words, and with no traceback."""
    assert done.exit_code == code, done.output
    assert [each for each in words if each not in done.stderr] == [], done.stderr
    assert "Traceback" not in done.output
    assert KEY not in done.output
    assert "k3yK3y" not in done.output, "the key in the node's address is told"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalWorld, Ground]]:
    with grounded(tmp_path_factory.mktemp("refusals")) as found:
        yield found


@pytest.fixture
def desk(
    ground: tuple[LocalWorld, Ground], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    world, found = ground
    monkeypatch.setenv("TRIMTAB_TEST_KEY", KEY)
    snapshot = world.rpc("evm_snapshot")
    with FaultyNode(world.node.url) as node:
        yield Desk(world, found, node, tmp_path)
    assert world.rpc("evm_revert", snapshot)


# ------------------------------------------------------------------------------------- arming


def test_run__all_is_well__armed_and_one_block_lived(desk: Desk) -> None:
    """The desk itself: what is refused below is refused for its own reason."""
    desk.world.mine()
    done = desk.run("--arm", "--json")
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert (told["blocks"], told["conservation_error"]) == (1, "0")
    assert "armed. Who has the key: everything in the Safe" in done.stderr


def test_run__armed_with_a_key_that_is_no_owner__names_both(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMTAB_TEST_KEY", "22" * 32)
    stranger = Signer(Secret("22" * 32)).address
    words = f"the signer {stranger} is not an owner of the Safe {desk.ground.safe}"
    refused(desk.run("--arm"), 2, "SignerError", words)
    assert not desk.journal.exists()


def test_run__armed_without_a_key__says_which_variable(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRIMTAB_TEST_KEY")
    refused(desk.run("--arm"), 2, "TRIMTAB_TEST_KEY is not set: export it first")


def test_run__armed_by_a_key_that_anybody_computes__only_in_the_local_world(desk: Desk) -> None:
    text = TEXT.replace('"env:TRIMTAB_TEST_KEY"', '"local"')
    text = text.replace("[chain]", f'address = "{desk.ground.safe}"\n\n[chain]', 1)
    text = text.replace("[chain]", f'[chain]\nrpc = ["{desk.node.url}"]\nmax_head_age = 0', 1)
    done = desk.run("--arm", text=text, seed=None)
    refused(done, 2, "a key that anybody can compute", "env:NAME or file:PATH")


def test_run__armed_with_a_debt_and_no_room_for_its_health__says_what_to_write(desk: Desk) -> None:
    pool = aave_pool_contract(desk.world.deployment.aave_v3.pool)
    usdc, weth = (desk.ground.book.token(each).address for each in ("USDC", "WETH"))
    safe, raw = desk.ground.safe, 100_000 * 10**6
    calls = (
        Call(usdc, token_contract(usdc).data("approve", pool.address, raw)),
        Call(pool.address, pool.data("supply", usdc, raw, safe, 0)),
        Call(pool.address, pool.data("borrow", weth, 3 * 10**18, VARIABLE_RATE, 0, safe)),
    )
    signer, book = Signer(Secret(KEY)), desk.ground.book
    own = Safe(safe, signer.address, book.multi_send, book.plan_check)
    call = own.execution(calls, Bounds(Timestamp(2**40)))
    sent = Transaction(book.chain, 0, call.to, call.data, 0, 2_000_000, Fees(10**12, 0))
    desk.world.rpc("eth_sendRawTransaction", "0x" + signer.sign(sent).raw.hex())
    desk.world.mine()
    text = TEXT.replace("[limits]", "[limits]\nhealth = 1", 1)
    words = "limits.health is 1, and the account owes or may owe aave_v3:WETH:debt"
    refused(desk.run("--arm", text=text), 2, words, "write more, such as 1.5")
    assert not desk.journal.exists()
    armed = desk.run("--arm")
    assert armed.exit_code == 0, armed.output


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalWorld, Ground]]:
    """A world of another chain id than local worlds have."""
    spec = replace(DEFAULT_WORLD, node=NodeSpec(chain_id=1))
    with local_world(spec) as world:
        signer = Signer(Secret(KEY))
        made = world.new_safe(signer.address)
        world.mine(transaction(world.deployment.agents[0], made.creation))
        book, journal = world.deployment.to_json(), tmp_path_factory.mktemp("public") / "0.sqlite"
        yield world, Ground(world.node.url, book, made.address, journal)


@pytest.mark.parametrize(
    "limits, words",
    [
        ("", "only a mandate with limits.max_equity is armed off the local world"),
        ("max_equity = 1_000_000\n", "chainlink:WETH: MockV3Aggregator"),
    ],
    ids=["no max_equity", "proven on source"],
)
def test_run__armed_off_the_local_world__refused(
    public: tuple[LocalWorld, Ground],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limits: str,
    words: str,
) -> None:
    world, found = public
    monkeypatch.setenv("TRIMTAB_TEST_KEY", KEY)
    text = TEXT.replace("[chain]\n", "[chain]\nid = 1\n")
    text = text.replace("[limits]\n", "[limits]\n" + limits)
    with FaultyNode(world.node.url) as node:
        done = Desk(world, found, node, tmp_path).run("--arm", text=text)
    refused(done, 2, "ConfigError", words)


# ------------------------------------------------------------------------------------ the node


def test_run__node_of_another_chain__code_three(desk: Desk) -> None:
    desk.node.set(Rule(OtherChain()))
    refused(desk.run(), 3, "RpcError", "31337")


def test_run__node_is_gone__code_three(desk: Desk) -> None:
    text = TEXT.replace("[chain]", '[chain]\nrpc = ["http://127.0.0.1:1"]', 1)
    refused(desk.run(text=text), 3, "RpcError", "127.0.0.1:1")


# --------------------------------------------------------------------------------- the journal


def lived(desk: Desk) -> None:
    """A first life of one block, not armed."""
    desk.world.mine()
    done = desk.run()
    assert done.exit_code == 0, done.output
    assert "not armed" in done.stderr
    assert "1 block, 0 plans executed" in done.stdout
    desk.world.mine()


def test_run__journal_of_another_mandate__says_what_to_do(desk: Desk) -> None:
    lived(desk)
    done = desk.run(text=TEXT.replace('slippage = "3 %"', 'slippage = "2 %"'))
    refused(done, 2, "was written with another mandate", "name a new journal")


def test_run__journal_of_another_account__refused(desk: Desk) -> None:
    lived(desk)
    other = replace(desk.ground, safe=desk.world.deployment.agents[2])
    done = replace(desk, ground=other).run()
    refused(done, 2, "was written with another account")


def test_run__journal_of_another_version__refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(desk)
    monkeypatch.setattr(running, "__version__", "99.0")
    refused(desk.run(), 2, "was written with another version")


def test_run__journal_that_another_run_writes__code_four(desk: Desk) -> None:
    lived(desk)
    with Journal.open(desk.journal):
        done = desk.run()
    refused(done, 4, "JournalError", "is locked by another writer", "INV-13")
    assert done.stderr.count("is locked by another writer") == 1, "it is told once"


def test_run__journal_below_a_file__code_four(desk: Desk) -> None:
    (desk.folder / "file").write_text("no folder")
    done = desk.run("--journal", str(desk.folder / "file" / "run.sqlite"))
    refused(done, 4, "JournalError", "cannot be made")


def test_run__file_that_is_no_journal__code_four_and_left_as_it_was(desk: Desk) -> None:
    desk.journal.write_bytes(b"something precious")
    refused(desk.run(), 4, "JournalError")
    assert desk.journal.read_bytes() == b"something precious"


# -------------------------------------------------------------------------------------- orders


@pytest.mark.parametrize("order", ["halt", "resume", "unwind"])
def test_order__journal_is_not_there__code_four_and_no_folder(order: str, tmp_path: Path) -> None:
    done = command(order, "--journal", str(tmp_path / "run.sqlite"))
    refused(done, 4, "there is no journal at")
    assert list(tmp_path.iterdir()) == []


def test_unwind__token_that_the_run_does_not_know__names_those_it_does(desk: Desk) -> None:
    lived(desk)
    done = command("unwind", "--journal", str(desk.journal), "--to", "DOGE")
    refused(done, 2, "the run has no token 'DOGE'; expected one of USDC, WBTC, WETH")


def test_unwind__no_block_yet__says_so(desk: Desk) -> None:
    Journal.create(desk.journal).close()
    refused(command("unwind", "--journal", str(desk.journal)), 2, "has no block yet")


def test_halt__reason_too_long__refused_and_nothing_given(desk: Desk) -> None:
    lived(desk)
    done = command("halt", "--journal", str(desk.journal), "--why", "x" * 501)
    refused(done, 2, "501 characters, 500 are allowed")


# ---------------------------------------------------------------------------------------- JSON


def test_json__of_what_is_refused__one_line_with_the_kind_of_error(desk: Desk) -> None:
    missing = str(desk.folder / "missing.sqlite")
    for done, kind in (
        (desk.run("--arm", "--json", text=TEXT.replace("env:", "env:NO_")), "SignerError"),
        (command("halt", "--journal", missing, "--json"), "NoJournal"),
        (command("resume", "--journal", missing, "--json"), "NoJournal"),
        (command("unwind", "--journal", missing, "--json"), "NoJournal"),
    ):
        (line,) = done.stdout.splitlines()
        told = json.loads(line)
        assert told["error"] == kind
        assert told["message"] in done.stderr


def test_json__of_orders__one_line(desk: Desk) -> None:
    lived(desk)
    for order in ("halt", "resume", "unwind"):
        done = command(order, "--journal", str(desk.journal), "--json")
        assert done.exit_code == 0, done.output
        (line,) = done.stdout.splitlines()
        told = json.loads(line)
        assert told["order"] == order
        assert Path(told["file"]).parent == desk.folder / "run.sqlite.orders"
