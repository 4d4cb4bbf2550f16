"""The configuration file: what it becomes, and what is said of what is wrong in it."""

import json
from dataclasses import fields
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest import run_directory
from barter_bt.backtest.config import load, schema, sections
from barter_bt.cli import main
from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.instrument.instrument import Instrument
from barter_bt.venue import Fees, Slippage, terms


def replaced(config, old, new):
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))
    return config


def test_a_good_file_becomes_the_arguments_of_backtest(config):
    arguments = load(config).build()
    assert arguments["instruments"] == [Instrument("xsim", "walk_usd", price_increment="0.0001")]
    assert arguments["balances"] == {"usd": 10_000}
    assert arguments["seed"] == 3
    assert arguments["start"] == datetime(2020, 1, 1, tzinfo=UTC)
    assert arguments["strategy"].parameters == (20, 50, 1)
    latency = terms.Latency(request_ns=50_000_000, feed_ns=7)
    assert arguments["venues"] == {"xsim": terms.Venue(Fees(taker=0.001), latency, max_age_ns=10**9)}
    assert arguments["data"][0].instruments == ("walk_usd",)
    assert set(arguments) == {"data", "instruments", "strategy", "balances", "venues", "seed", "reporting", "start"}


@pytest.mark.parametrize(
    ("told", "terms_of"),
    [
        ('fees = "0.1%"', {"fees": "0.1%"}),
        ("fees = 0.001", {"fees": 0.001}),
        ('fees = { taker = "0.1%" }', {"fees": {"taker": "0.1%"}}),
        ('fees = 0\nslippage = "0.05%"\nparticipation = "10%"', {"slippage": "0.05%", "participation": "10%"}),
        ('fees = 0\nmargin = "20%"\naccount = "margin"', {"margin": "20%", "account": "margin"}),
        ("fees = 0\nmargin_by_instrument = { walk_usd = 0.5 }", {"margin_by_instrument": {"walk_usd": 0.5}}),
    ],
)
def test_rates_of_a_file_are_what_python_takes(config, told, terms_of):
    """Numbers and text alone, and text in a table."""
    replaced(config, "fees = { taker = 0.001 }", told)
    latency = terms.Latency(request_ns=50_000_000, feed_ns=7)
    assert load(config).build()["venues"] == {"xsim": terms.Venue(latency=latency, max_age_ns=10**9, **terms_of)}


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("seed = 3", "sed = 3", "unknown key 'run.sed'", "did you mean 'run.seed'?"),
        ("[run]", "[runs]", "unknown key 'runs'", "did you mean 'run'?"),
        ('kind = "c', 'knd = "c', "unknown key 'data[0].knd'", "did you mean 'data[0].kind'?"),
        ("taker =", "takr =", "unknown key 'venues.xsim.fees.takr'", "did you mean 'venues.xsim.fees.taker'?"),
        ('path = "candles.parquet"', "", "key 'data[0].path' is missing", "a Parquet or CSV file"),
        ("[balances]\nusd = 10_000", "", "key 'balances' is missing", "amounts"),
        ("seed = 3", 'seed = "x"', "run.seed: Expected int, got str", None),
        ("taker = 0.001", "taker = true", "venues.xsim.fees.taker: Expected int | float | str", "0.1 % is 0.001"),
        ('kind = "candles"', 'kind = "bars"', "data[0].kind: 'bars' is not known; known: trades, quotes", None),
        ('kind = "candles"', 'kind = "candle"', "data[0].kind: 'candle' is not known", "did you mean 'candles'?"),
        ("usd = 10_000", "usd = [1]", "balances.usd: Expected int | float | str, got array", None),
        ("usd = 10_000", "", "balances: Expected table of length >= 1", None),
        ("{ taker = 0.001 }", "true", "venues.xsim.fees: Expected int | float | str | table", "0.1 % is 0.001"),
        ("[run]", "[run", "is not TOML: ", None),
    ],
)
def test_a_wrong_key_is_named_with_its_path_and_the_nearest(config, old, new, message, hint):
    with pytest.raises(ConfigError) as caught:
        load(replaced(config, old, new))
    assert message in caught.value.message
    assert str(config) in caught.value.message
    assert (caught.value.hint is None) if hint is None else (hint in caught.value.hint)


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("taker = 0.001", "taker = 0.5", "venues.xsim.fees: taker fee is 0.5", "rates are fractions: 0.1 % is 0.001"),
        ('"50ms"', '"50 parsecs"', "venues.xsim.latency.request is '50 parsecs'", "250ms"),
        ("feed = 7", "feed = -7", "venues.xsim.latency: feed_ns is -7", None),
        ("[venues.xsim]", "[venues.xsin]", "venues.xsin: 'xsin' is not known", "did you mean 'xsim'?"),
        ("candles.parquet", "candle.parquet", "candle.parquet does not exist", "relative to the configuration"),
        ('interval = "1m"', 'instrument = "wlk_usd"', "data[0].instrument: 'wlk_usd' is not", "mean 'walk_usd'?"),
        ('kind = "candles"', 'kind = "trades"', "data[0].interval: trades have no interval", "leave it out"),
        ('interval = "1m"', "repair = { srt = true }", "data[0].repair.srt: 'srt' is not known", "mean 'sort'?"),
        ('name = "walk_usd"', 'name = "Walk_usd"', "instruments[0]: instrument name 'Walk_usd'", "name_exchange"),
        ("00:00:00Z", "00:00:00", "run.start: '2020-01-01T00:00:00' has no time zone", "write 2024"),
        ("T00:00:00Z", "", "run.start: '2020-01-01' has no time zone", "write 2024"),
        ("2020-01-01T00:00:00Z", '"soon"', "run.start: 'soon' is not a time", "write 2024"),
        ('name = "sma_cross"', 'name = "sma_crss"', "strategy.name: 'sma_crss' is not known", "mean 'sma_cross'?"),
        ("fast = 20", "fst = 20", "strategy.parameters.fst: 'fst' is not known", "did you mean 'fast'?"),
        ('name = "sma_cross"', "", "strategy: give either name", 'object = "my.py:strategy"'),
        ('name = "sma_cross"', 'object = "nowhere"', "'nowhere' names no object", "file.py:name"),
        ('name = "sma_cross"', 'object = "no.where:x"', "there is no module 'no'", 'write "no/where.py:x"'),
        ('name = "sma_cross"', 'object = "no.py:x"', "no.py does not exist", "relative"),
    ],
)
def test_a_wrong_value_is_named_with_its_path(config, old, new, message, hint):
    loaded = load(replaced(config, old, new))
    with pytest.raises(BarterBtError) as caught:
        loaded.build()
    assert message in caught.value.message
    assert str(config) in caught.value.message
    assert (caught.value.hint is None) if hint is None else (hint in caught.value.hint)


def test_a_missing_file_is_no_traceback(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "no.toml")


OWN = """
class Mine:
    def __init__(self, fast, **more):
        self.fast = fast

def make(fast=1):
    return Mine(fast)

ready = Mine(9)

def broken(fast):
    return fast / 0
"""


@pytest.mark.parametrize(
    ("name", "parameters", "fast"), [("Mine", "{ fast = 2 }", 2), ("make", "{ fast = 3 }", 3), ("ready", "{}", 9)]
)
def test_own_strategies_are_classes_functions_or_objects(config, name, parameters, fast):
    (config.parent / "own.py").write_text(OWN)
    replaced(config, 'name = "sma_cross"', f'object = "own.py:{name}"')
    replaced(config, "{ fast = 20, slow = 50 }", parameters)
    assert load(config).build()["strategy"].fast == fast


@pytest.mark.parametrize(
    ("source", "name", "kind", "message"),
    [
        (OWN, "Mne", ConfigError, "'Mne' is not known"),
        (OWN, "ready", ConfigError, "own.py:ready is an object, not a class or function"),
        (OWN, "broken", StrategyError, "own.py, line 12: ZeroDivisionError"),
        (OWN.replace("(fast)", "(fast, slow)"), "broken", ConfigError, "missing a required argument: 'slow'"),
        ("x = 1\ny = x + z\n", "x", StrategyError, "own.py, line 2: NameError: name 'z'"),
        ("x = (\n", "x", StrategyError, "own.py, line 1: SyntaxError"),
        ("import not_there_at_all\n", "x", StrategyError, "own.py, line 1: ModuleNotFoundError"),
    ],
)
def test_a_strategy_that_cannot_be_made_is_reported_with_its_line(config, source, name, kind, message):
    (config.parent / "own.py").write_text(source)
    replaced(config, 'name = "sma_cross"', f'object = "own.py:{name}"')
    replaced(config, ", slow = 50", "")
    with pytest.raises(kind) as caught:
        load(config).build()
    assert message in caught.value.message


def test_a_strategy_of_a_module(config, monkeypatch):
    (config.parent / "own_module.py").write_text(OWN)
    monkeypatch.syspath_prepend(config.parent)
    replaced(config, 'name = "sma_cross"', 'object = "own_module:make"')
    replaced(config, ", slow = 50", "")
    assert load(config).build()["strategy"].fast == 20


def test_a_benchmark_is_a_second_strategy(config):
    assert load(config).build_benchmark() is None
    config.write_text(config.read_text() + '[benchmark]\nname = "buy_and_hold"\n')
    assert type(load(config).build_benchmark()).__name__ == "Holding"


def test_data_of_a_catalog(config):
    """A directory is a catalog, in which the instrument is chosen; what was said at the import is not said again."""
    frame = pl.read_parquet(config.parent / "candles.parquet")
    catalog = bt.Catalog(config.parent / "market")
    catalog.add_stream(bt.candles(config.parent / "candles.parquet", interval="1m"), exchange="xsim")
    chosen = replaced(config, 'path = "candles.parquet"\ninterval = "1m"', 'path = "market"\ninstrument = "walk_usd"')
    (stream,) = load(chosen).build()["data"]
    assert stream.rows == frame.height
    replaced(config, 'path = "market"', 'path = "market"\ninterval = "1m"')
    with pytest.raises(ConfigError, match=r"data\[0\].interval.* has no effect on rows of a catalog"):
        load(config).build()
    replaced(config, 'instrument = "walk_usd"\n\n', "\n")
    with pytest.raises(ConfigError, match=r"data\[0\].instrument.* a catalog has many"):
        load(config).build()
    replaced(config, 'path = "market"', 'path = "candles.parquet"\nexchange = "xsim"')
    with pytest.raises(ConfigError, match=r"data\[0\].exchange.* chooses in a catalog"):
        load(config).build()


def test_an_exchange_without_terms_has_the_usual_ones(config):
    config.write_text(config.read_text() + '[[instruments]]\nexchange = "xother"\nname = "a_usd"\n')
    assert load(config).build()["venues"]["xother"] == terms.Venue()


DERIVATIVES = """
[[instruments]]
exchange = "okx"
name = "btc_usd"
kind = "perpetual"
settlement = "btc"
contract_size = 100
price_min = "0.5"

[[instruments]]
exchange = "okx"
name = "eth_usd"
kind = "future"
expiry = 2023-12-31T00:00:00Z

[[instruments]]
exchange = "okx"
name = "sol_usd"
kind = "option"
expiry = 1703980800000000000
option_kind = "put"
exercise = "bermudan"
strike = 50

[[instruments]]
exchange = "okx"
name = "power_eur"
kind = "future"
price_increment = "0.01"
price_min = -500
price_can_be_negative = true
"""


def test_derivatives_from_a_file(config):
    """Barter's test_de_instrument: perpetual, future with an expiry, option with its terms."""
    config.write_text(config.read_text() + DERIVATIVES)
    expiry = {"expiry": datetime(2023, 12, 31, tzinfo=UTC)}
    terms = {"option_kind": "put", "exercise": "bermudan", "strike": 50}
    signed = {"price_increment": "0.01", "price_min": -500}
    assert load(config).build()["instruments"][1:] == [
        Instrument("okx", "btc_usd", kind="perpetual", settlement="btc", contract_size=100, price_min="0.5"),
        Instrument("okx", "eth_usd", kind="future", **expiry),
        Instrument("okx", "sol_usd", kind="option", **expiry, **terms),
        Instrument("okx", "power_eur", kind="future", **signed, price_can_be_negative=True),
    ]


@pytest.mark.parametrize(
    ("section", "kind", "renamed"),
    [
        (sections.InstrumentSection, Instrument, {}),
        (sections.FeesSection, terms.Fees, {}),
        (sections.SlippageSection, Slippage, {}),
        (sections.MarginSection, terms.Margin, {}),
        (
            sections.LatencySection,
            terms.Latency,
            {"request": "request_ns", "response": "response_ns", "feed": "feed_ns"},
        ),
        (sections.VenueSection, terms.Venue, {"max_age": "max_age_ns"}),
    ],
)
def test_sections_have_the_fields_of_what_they_configure(section, kind, renamed):
    of_files = {"hftbacktest", "leave_out_refused"} if section is sections.LatencySection else set()
    told = set(section.__struct_fields__) - of_files
    assert {renamed.get(name, name) for name in told} == {each.name for each in fields(kind)}


def test_the_schema_forbids_unknown_keys_everywhere():
    made = schema()
    json.dumps(made)
    assert all(each["additionalProperties"] is False for each in made["$defs"].values())
    assert made["$defs"]["File"]["required"] == ["data", "instruments", "balances", "strategy"]


COMMANDS = """
[[commands]]
time = 2020-01-01T00:10:00Z
command = "enable_trading"

[[commands]]
time = "2020-01-01T01:20:00+01:00"
command = "open"
instrument = "walk_usd"
quantity = 1
stop_loss = 90
trailing_stop = 5
trailing_activation = 120
protect_by = "price"
group = 1

[[commands]]
time = "2020-01-01T00:30:00Z"
command = "amend"
instrument = "walk_usd"
order = 0
trigger = 95
trailing_ticks = 3
activation = 130

[[commands]]
time = "2020-01-01T00:40:00Z"
command = "margin"
instrument = "walk_usd"
amount = -2.5
"""


def test_commands_trading_and_audit_stand_in_the_file(config):
    """Section [[commands]], and the keys trading and audit of [run]."""
    config = replaced(config, "seed = 3", 'seed = 3\ntrading = "disabled"\naudit = "actions"')
    config.write_text(config.read_text() + COMMANDS)
    arguments = load(config).build()
    assert (arguments["trading"], arguments["audit"]) == ("disabled", "actions")
    first, second, third, fourth = arguments["commands"].frame.to_dicts()
    assert (second["time"] - first["time"]).total_seconds() == 600
    assert (first["command"], first["instrument"], second["quantity"]) == ("enable_trading", None, 1.0)
    assert (second["stop_loss"], second["protect_by"], second["group"]) == (90, "price", 1)
    assert (second["trailing_stop"], second["trailing_activation"]) == (5, 120)
    assert (third["command"], third["order"], third["trigger"]) == ("amend", 0, 95.0)
    assert (third["trailing_ticks"], third["activation"]) == (3, 130)
    assert (fourth["command"], fourth["amount"]) == ("margin", -2.5)


def test_cash_flows_are_read_from_files_beside_it(config):
    """And what is wrong in one is told with the file and the key."""
    frame = pl.DataFrame({"time": [datetime(2020, 1, 1, 2, tzinfo=UTC)], "asset": "usd", "amount": -1.0, "reason": "x"})
    frame.write_parquet(config.parent / "paid.parquet")
    config.write_text(config.read_text() + '\n[[cash_flows]]\nkind = "cash"\npath = "paid.parquet"\n')
    (flows,) = load(config).build()["cash_flows"]
    assert flows.kind == "cash"
    assert flows.frame["amount"].to_list() == [-1.0]
    replaced(config, 'kind = "cash"', 'kind = "funding"')
    with pytest.raises(BarterBtError, match=r"cash_flows\[0\]: paid.parquet: funding has no column 'instrument'"):
        load(config).build()


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("split", {"instrument": ["walk_usd"], "ratio": ["3:2"]}),
        ("deposit", {"asset": ["usd"], "amount": [-5.0]}),
        ("dividend", {"instrument": ["walk_usd"], "amount": [0.5], "withholding": [0.15]}),
    ],
)
def test_every_kind_of_dated_flow_has_a_file(config, kind, cells):
    """And its columns are those of the function of that name."""
    frame = pl.DataFrame({"time": [datetime(2020, 1, 1, 2, tzinfo=UTC)], **cells})
    frame.write_parquet(config.parent / "due.parquet")
    config.write_text(config.read_text() + f'\n[[cash_flows]]\nkind = "{kind}"\npath = "due.parquet"\n')
    (flows,) = load(config).build()["cash_flows"]
    assert flows.kind == kind
    assert flows.frame.columns == frame.columns


INTEREST = """
[[cash_flows]]
kind = "interest"
asset = "usd"
cash = "4%"
debt = 0.065
start = "2020-01-02T00:00:00Z"

[[cash_flows]]
kind = "interest"
instrument = "walk_usd"
borrow = "3%"
every = "1h"
"""


def test_interest_stands_in_the_file(config):
    """Its rates and times are those of the call; a file belongs to the other kinds alone."""
    config.write_text(config.read_text() + INTEREST)
    cash, borrow = load(config).build()["cash_flows"]
    start = datetime(2020, 1, 2, tzinfo=UTC)
    assert cash.frame.equals(bt.data.interest("usd", cash="4%", debt=0.065, start=start).frame)
    assert borrow.frame.equals(bt.data.interest(instrument="walk_usd", borrow=0.03, every="1h").frame)
    wrong = [
        (
            'borrow = "3%"',
            'cash = "3%"',
            r"cash_flows\[1\]: interest of the instrument .*: cash is no rate of it",
        ),
        ('asset = "usd"', 'path = "x"', r"cash_flows\[0\].path: interest has no file"),
        ('kind = "interest"\nasset', 'kind = "cash"\nasset', r"cash_flows\[0\].asset: cash has a file that says all"),
    ]
    text = config.read_text()
    for old, new, said in wrong:
        config.write_text(text.replace(old, new))
        with pytest.raises(BarterBtError, match=said):
            load(config).build()
    config.write_text(text.partition(INTEREST)[0] + '\n[[cash_flows]]\nkind = "funding"\n')
    with pytest.raises(BarterBtError, match=r"cash_flows\[0\].path: funding needs a file"):
        load(config).build()


def test_slippage_and_the_price_of_a_candle(config):
    """They stand beside fees."""
    replaced(config, "{ taker = 0.001 }", '{ taker = 0.001 }\nslippage = { ticks = 2 }\ncandle_fill = "next_close"')
    venue = load(config).build()["venues"]["xsim"]
    assert (venue.slippage.ticks, venue.candle_fill) == (2, "next_close")


def test_margin_alone_by_tier_other_collateral_a_mark_and_rates(config):
    """A table for each tier; a rate may be a file beside the configuration."""
    rates = pl.DataFrame({"time": [datetime(2020, 1, 1, tzinfo=UTC)], "rate": [0.9]})
    rates.write_parquet(config.parent / "eur.parquet")
    text = config.read_text() + (
        '\n[rates]\n"walk/eur" = 0.5\n"eur/usd" = "eur.parquet"\n'
        '[venues.xsim.margin]\nrate = 0.05\nmode = "isolated"\nliquidation = "by_tier"\n'
        "tiers = [{up_to = 1000, rate = 0.01, maintenance = 0.005}, {rate = 0.02, maintenance = 0.01}]\n"
    )
    config.write_text(text.replace("[venues.xsim]\n", '[venues.xsim]\nmark = "closing"\ncollateral = {walk = "10%"}\n'))
    arguments = load(config).build()
    venue = arguments["venues"]["xsim"]
    tiers = (bt.MarginTier(1000, 0.01, 0.005), bt.MarginTier(None, 0.02, 0.01))
    assert venue.margin == bt.Margin(0.05, mode="isolated", tiers=tiers, liquidation="by_tier")
    assert (venue.mark, venue.collateral) == ("closing", {"walk": 0.1})
    assert arguments["rates"] == {"walk/eur": 0.5, "eur/usd": config.parent / "eur.parquet"}
    config.write_text(config.read_text().replace("eur.parquet", "chf.parquet"))
    with pytest.raises(ConfigError, match="rates.eur/usd: .*chf.parquet does not exist"):
        load(config).build()


def future_settled_by_day(config, how):
    """The same market as a future, whose margin is settled so, and prices of two days."""
    days = [datetime(2020, 1, 1, 0, minute, tzinfo=UTC) for minute in (5, 10)]
    frame = pl.DataFrame({"time": days, "instrument": "walk_usd", "price": [90.0, 120.0]})
    frame.write_parquet(config.parent / "days.parquet")
    replaced(config, 'name = "walk_usd"\n', 'name = "walk_usd"\nkind = "future"\nexpiry = 2020-02-01T00:00:00Z\n')
    replaced(config, "max_age", f'margin = {{ rate = 0.5, settlement = "{how}" }}\nmax_age')
    flows = '\n[[cash_flows]]\nkind = "settlement"\npath = "days.parquet"\n'
    config.write_text(config.read_text() + flows)
    return config


def test_margin_that_is_settled_by_day_stands_in_the_file(config):
    arguments = load(future_settled_by_day(config, "daily")).build()
    assert arguments["venues"]["xsim"].margin == bt.Margin(0.5, settlement="daily")
    assert [flows.kind for flows in arguments["cash_flows"]] == ["settlement"]
    with pytest.raises(ConfigError, match="venues.xsim.margin.settlement: 'dayly' is not known; known: closing, daily"):
        load(replaced(config, '"daily"', '"dayly"'))


BUYS = """
import barter_bt as bt

class Buys:
    wake = "bar_close"

    def generate_algo_orders(self, state):
        return [], [] if len(state.raw.orders) else [bt.OrderRequest("walk_usd", 2)]
"""


def test_the_command_line_runs_a_future_that_is_settled_by_day(config, tmp_path):
    """Two are bought near 100: what they are worth less at 90 is paid, and 60 come back at 120; equity is the same."""
    (config.parent / "own.py").write_text(BUYS)
    future_settled_by_day(config, "daily")
    replaced(config, 'name = "sma_cross"\nparameters = { fast = 20, slow = 50 }', 'object = "own.py:Buys"')
    assert main(["backtest", str(config), "--out", str(tmp_path / "daily"), "--interpret", "--quiet", "--no-plot"]) == 0
    daily = run_directory.read(tmp_path / "daily")
    replaced(config, '"daily"', '"closing"')
    replaced(config, '\n[[cash_flows]]\nkind = "settlement"\npath = "days.parquet"\n', "")
    assert main(["backtest", str(config), "--out", str(tmp_path / "once"), "--interpret", "--quiet", "--no-plot"]) == 0
    paid, price = daily.cash_flows, daily.trades["price"].item()
    assert paid["reason"].cast(pl.String).to_list() == ["variation_margin"] * 2
    assert paid["amount"].to_list() == pytest.approx([2 * (90 - price), 60])
    assert run_directory.read(tmp_path / "once").equity.equals(daily.equity)


def test_fees_by_volume_and_in_another_asset(config):
    """Tiers are a table of their own, also of one instrument."""
    fees = '{ taker = 0.001, paid_in = "received", tiers = { asset = "usd", levels = [[5, 0, 0.0005]], window = 7 } }'
    replaced(config, "{ taker = 0.001 }", fees + '\nfees_by_instrument = { btc_usd = { paid_in = "usd" } }')
    venue = load(config).build()["venues"]["xsim"]
    assert (venue.fees.paid_in, venue.fees.tiers.window, venue.fees.tiers.levels[0].taker) == ("received", 7, 0.0005)
    assert venue.fees_by_instrument["btc_usd"].paid_in == "usd"
    replaced(config, "[[5, 0, 0.0005]]", "[[5, 0, 0.5]]")
    with pytest.raises(BarterBtError, match=r"venues.xsim.fees.tiers: taker fee of a level is 0.5"):
        load(config).build()


def test_delays_that_are_not_always_the_same(config):
    """Each is a table with the key of its kind; a wrong one is told by its place."""
    uniform, normal = '{ uniform = ["1ms", "5ms"] }', '{ median = "5ms", sigma = 0.5 }'
    by_time = '{ by_time = [["2024-01-01T00:00:00Z", "9ms"]] }'
    replaced(
        config, 'request = "50ms", feed = 7', f"request = {uniform}, response = {normal}, feed = {by_time}, seed = 3"
    )
    latency = load(config).build()["venues"]["xsim"].latency
    assert latency.request_ns.delays == (1_000_000, 5_000_000)
    assert latency.feed_ns.times == (1_704_067_200_000_000_000,)
    assert (len(latency.response_ns.delays), latency.seed) == (4_096, 3)
    replaced(config, uniform, '{ uniform = ["1ms"] }')
    with pytest.raises(BarterBtError, match=r"venues.xsim.latency: request_ns is"):
        load(config).build()


def test_latencies_of_hftbacktest_stand_in_files_beside_the_configuration(config):
    """They say request and response; what else says these, or says something of no file, is refused."""
    names = [(f"{name}_ts", "i8") for name in ("req", "exch", "resp")]
    np.savez(config.parent / "latency.npz", data=np.array([(0, 3_000, 5_000), (10_000, 14_000, 15_000)], names))
    replaced(config, 'request = "50ms"', 'hftbacktest = "latency.npz"')
    latency = load(config).build()["venues"]["xsim"].latency
    expected = terms.Latency.from_hftbacktest(config.parent / "latency.npz", feed_ns=7)
    assert latency == expected
    replaced(config, "feed = 7", 'feed = 7, request = "1ms"')
    with pytest.raises(ConfigError, match=r"venues.xsim.latency.request: the files of hftbacktest say it"):
        load(config).build()
    replaced(config, ', request = "1ms"', "")
    replaced(config, "latency.npz", "later.npz")
    with pytest.raises(ConfigError, match=r"venues.xsim.latency.hftbacktest: .*later.npz does not exist"):
        load(config).build()
    replaced(config, 'hftbacktest = "later.npz"', "leave_out_refused = true")
    with pytest.raises(ConfigError, match=r"venues.xsim.latency.leave_out_refused: it has no effect"):
        load(config).build()


def test_symbols_that_change_are_followed(config):
    """Rows of the symbol before become rows of the last one."""
    rows = pl.read_parquet(config.parent / "candles.parquet")
    half = rows["time_exchange"][10]
    before = pl.col("time_exchange") < half
    old = rows.with_columns(instrument=pl.when(before).then(pl.lit("stroll_usd")).otherwise(pl.lit("walk_usd")))
    old.write_parquet(config.parent / "candles.parquet")
    changes = pl.DataFrame({"time": [half], "before": ["stroll_usd"], "after": ["walk_usd"]})
    changes.write_parquet(config.parent / "changes.parquet")
    replaced(config, 'interval = "1m"', 'interval = "1m"\nsymbol_changes = "changes.parquet"')
    stream = load(config).build()["data"][0]
    assert (stream.instruments, stream.rows) == (("walk_usd",), 20)
    replaced(config, "changes.parquet", "change.parquet")
    with pytest.raises(ConfigError, match=r"data\[0\].symbol_changes: .*change.parquet does not exist"):
        load(config).build()


def test_fees_that_a_venue_has_published(config):
    """In place of a table stands the name of a preset, or a rate."""
    replaced(config, "{ taker = 0.001 }", '"bitstamp_2017_08_09"\nfees_by_instrument = { walk_usd = "0.1%" }')
    venue = load(config).build()["venues"]["xsim"]
    assert (venue.fees.taker, venue.fees_by_instrument["walk_usd"].maker) == (0.0025, 0.001)
    replaced(config, "bitstamp_2017_08_09", "bitstamp")
    with pytest.raises(BarterBtError, match=r"venues.xsim: fees is 'bitstamp'; known"):
        load(config).build()


def test_an_option_is_declared_in_a_file(config):
    """With its underlying, its style and its delivery."""
    more = """
    [[instruments]]
    exchange = "xsim"
    name = "walk_call"
    base = "walk"
    quote = "usd"
    kind = "option"
    option_kind = "call"
    strike = 100
    exercise = "american"
    expiry = "2024-06-28T08:00:00Z"
    underlying = "walk_usd"
    delivery = "physical"
    """
    config.write_text(config.read_text() + more)
    made = load(config).build()["instruments"][-1]
    call = Instrument.option(
        "xsim",
        "walk_call",
        "call",
        100,
        "2024-06-28T08:00:00Z",
        "walk_usd",
        exercise="american",
        delivery="physical",
    )
    assert made == call
