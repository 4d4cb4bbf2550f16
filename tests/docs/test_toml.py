"""The TOML of the pages is what the command line takes: whole files, and pieces of one beside what a file needs."""

import tomllib

import msgspec
import pytest

import barter_bt as bt
from barter_bt.backtest.config import Config, load
from barter_bt.backtest.config.sections import DataSection
from barter_bt.errors import ConfigError
from tests.docs.blocks import ROOT, Block, blocks_of

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks_of(page) if block.language == "toml"]
EXAMPLES = sorted((ROOT / "docs").rglob("*.toml"))
NEEDED = {
    "data": '[[data]]\nkind = "candles"\npath = "prices.parquet"\n',
    "instruments": '[[instruments]]\nexchange = "{exchange}"\nname = "btc_usdt"\n',
    "balances": "[balances]\nusdt = 1\n",
    "strategy": '[strategy]\nname = "buy_and_hold"\n',
}


def completed(body, given):
    """A piece of a file, with the sections that every file has, of the exchanges that it names."""
    sessions = given.get("sessions", {})
    exchange = next(iter([*given.get("venues", {}), *(sessions if isinstance(sessions, dict) else ())]), "x")
    # Keys that stand in no table come first, so the piece does.
    return "\n".join([body, *(NEEDED[name].format(exchange=exchange) for name in NEEDED if name not in given)])


def checked(block, directory):
    """Load a block as the command line does, and make what it describes but for what is read from files."""
    path = directory / (block.title or "block.toml")
    given = tomllib.loads(block.body)
    path.write_text(completed(block.body, given), "utf-8")
    config = load(path)
    bt.data.generate.candles(3, instrument="btc_usdt").write_parquet(directory / "prices.parquet")
    prices = msgspec.convert(tomllib.loads(NEEDED["data"])["data"], list[DataSection])
    Config(path, msgspec.structs.replace(config.file, data=prices, cash_flows=[])).build_market()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.where}: {block.title}")
def test_a_block_of_a_page_is_taken(block, tmp_path):
    checked(block, tmp_path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_taken(path):
    load(path)


def test_there_are_blocks_and_examples():
    assert len(BLOCKS) >= 6
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("[venues.x]\nlatencey = 1\n", "unknown key 'venues.x.latencey'"),
        ("[venues.x.margin]\nrate = 7\n", r"venues\.x\.margin: .*rate"),
        ('[[cash_flows]]\nkind = "setlement"\n', "'setlement' is not known"),
        ('[alert]\nwebhook = "A"\n', "unknown key 'alert'"),
    ],
)
def test_a_wrong_key_or_value_on_a_page_is_noticed(body, what, tmp_path):
    with pytest.raises(ConfigError, match=what):
        checked(Block("a page", "toml", "", body), tmp_path)
