"""Barter's system and backtest configurations, read as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from barter_bt import backtest
from barter_bt.data import trades
from barter_bt.errors import BarterBtError, ConfigError, DataError, InstrumentError
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import ProtocolError, from_dict, to_dict
from barter_bt.strategy import Signals
from barter_bt.system import ConfigWarning, Engine, SystemConfig, load_config
from barter_bt.system.document import SystemDocument
from barter_bt.venue import Fees, Latency
from tests.system.originals import original

AFTER = "2031-01-01T00:00:00Z"


def instrument(exchange: str, name: str, base: str, quote: str, kind: Any = "spot", **more: Any) -> dict[str, Any]:
    assets = {"base": base, "quote": quote}
    given = {"exchange": exchange, "name_exchange": name, "underlying": assets, "quote": "underlying_quote"}
    return given | {"kind": kind} | more


def balance(asset: str, total: Any, free: Any = None) -> dict[str, Any]:
    return {
        "asset": asset,
        "balance": {"total": total, "free": total if free is None else free},
        "time_exchange": AFTER,
    }


def execution(exchange: str, *balances: Any, names: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    orders = [{"instrument": name, "orders": []} for name in names]
    state = {"exchange": exchange, "balances": list(balances), "instruments": orders}
    return {"mocked_exchange": exchange, "latency_ms": 40, "initial_state": state} | (more or {"fees_percent": "0.001"})


def small() -> dict[str, Any]:
    return {
        "instruments": [instrument("kraken", "XBT/USD", "XBT", "USD"), instrument("okx", "ETH-USD", "eth", "usd")],
        "executions": [execution("kraken", balance("USD", 1_000), balance("xbt", 0.5), names=("XBT/USD",))],
    }


def config(document: Any) -> SystemConfig:
    return SystemConfig.from_json(json.dumps(document))


def terms(kind: Any, **spec: Any) -> dict[str, Any]:
    """What an instrument of a kind and a spec says, without names."""
    one = config({"instruments": [instrument("okx", "N", "BTC", "USDT", kind, **spec)], "executions": []}).instruments()
    fields = ("kind", "contract_size", "settlement", "expiry", "strike", "option_kind", "exercise", "quantity_unit")
    return {name: getattr(one[0], name) for name in fields}


def test_names_are_barters_with_one_spelling_of_the_exchange() -> None:
    one, other = config(small()).instruments()
    assert (one.name, one.exchange, one.name_exchange) == ("kraken-xbt_usd", "kraken", "XBT/USD")
    assert (one.base, one.quote, one.base_name_exchange, one.quote_name_exchange) == ("xbt", "usd", "XBT", "USD")
    assert other.name == "okx-eth_usd"


def test_instruments_that_would_share_a_name_take_the_exchanges() -> None:
    swap = {"perpetual": {"contract_size": "0.01", "settlement_asset": "usd"}}
    document = small()
    document["instruments"].append(instrument("okx", "ETH-USD-SWAP", "eth", "usd", swap))
    assert [one.name for one in config(document).instruments()] == ["kraken-xbt_usd", "okx-eth-usd", "okx-eth-usd-swap"]


def test_a_spec_becomes_increments_and_minimums() -> None:
    quantity = {"unit": {"Asset": "xbt"}, "min": "0.001", "increment": 0.0001}
    document = small()
    document["instruments"][0]["spec"] = {
        "price": {"min": "0", "tick_size": "0.10"},
        "quantity": quantity,
        "notional": {"min": 5},
    }
    one = config(document).instruments()[0]
    assert (one.price_min, one.price_increment, one.notional_min) == (None, D("0.10"), D(5))
    assert (one.quantity_unit, one.quantity_min, one.quantity_increment) == ("asset", D("0.001"), D("0.0001"))


def test_rule_76_a_lowest_price_below_0_says_that_prices_can_be_negative() -> None:
    """Of a future; spot may not say so."""
    spec = {
        "price": {"min": -500, "tick_size": "0.01"},
        "quantity": {"unit": "Contract", "min": 1, "increment": 1},
        "notional": {"min": 0},
    }
    power = {"future": {"contract_size": 1, "settlement_asset": "usd", "expiry": 5_000}}
    document = small()
    document["instruments"][0] = instrument("kraken", "XBT/USD", "xbt", "usd", power) | {"spec": spec}
    one = config(document).instruments()[0]
    assert (one.price_can_be_negative, one.price_min) == (True, D(-500))
    document["instruments"][0] = instrument("kraken", "XBT/USD", "xbt", "usd") | {"spec": spec}
    with pytest.raises(InstrumentError, match="paid for in full"):
        config(document).instruments()


@pytest.mark.parametrize(
    ("unit", "expected"), [("Contract", "contract"), ("Quote", "quote"), ({"Asset": "USDT"}, "quote")]
)
def test_what_quantities_count(unit: Any, expected: str) -> None:
    spec = {
        "price": {"min": 1, "tick_size": 1},
        "quantity": {"unit": unit, "min": 1, "increment": 1},
        "notional": {"min": 1},
    }
    swap = {"perpetual": {"contract_size": 1, "settlement_asset": "USDT"}}
    assert terms(swap, spec=spec)["quantity_unit"] == expected


def test_contracts() -> None:
    linear = {"contract_size": "0.1", "settlement_asset": "USDT"}
    expected = dict.fromkeys(("expiry", "strike", "option_kind", "exercise"))
    expected |= {"contract_size": D("0.1"), "settlement": "usdt", "quantity_unit": "contract"}
    assert terms({"perpetual": linear}) == expected | {"kind": "perpetual"}
    ends = {"expiry": 1_719_561_600_000}
    future = expected | {"kind": "future", "expiry": 1_719_561_600_000_000_000}
    assert terms({"future": linear | ends}) == future
    option = linear | ends | {"kind": "Call", "exercise": "EUROPEAN", "strike": 50_000}
    expected = future | {"kind": "option", "option_kind": "call", "exercise": "european", "strike": D(50_000)}
    assert terms({"option": option}) == expected


def test_the_document_is_written_as_it_was_read() -> None:
    document = from_dict(SystemDocument, small())
    again = to_dict(document)
    assert from_dict(SystemDocument, again) == document
    assert again["instruments"][0]["quote"] == "UnderlyingQuote"
    future = {"future": {"contract_size": "1", "settlement_asset": "usd", "expiry": 5}}
    document = from_dict(SystemDocument, {"instruments": [instrument("x", "N", "a", "usd", future)], "executions": []})
    assert to_dict(document)["instruments"][0]["kind"] == future


def test_venues_and_balances() -> None:
    document = small()
    document["executions"].append(execution("okx", balance("usd", "7.5"), fee_rate=0.002))
    document["executions"][1]["latency_ms"] = 5
    found = config(document)
    venues = found.venues()
    assert venues["kraken"].fees == Fees(maker=0.001, taker=0.001)
    assert venues["kraken"].latency == Latency(request_ns=20_000_000, response_ns=20_000_000)
    assert venues["okx"].latency == Latency(request_ns=2_000_000, response_ns=3_000_000)
    assert venues["okx"].fees == Fees(maker=0.002, taker=0.002)
    assert found.balances() == {"kraken.usd": D(1_000), "kraken.xbt": D("0.5"), "okx.usd": D("7.5")}
    assert found.warnings == []


def test_a_fee_that_looks_like_a_percentage_is_a_fraction_with_a_warning(tmp_path: Path) -> None:
    document = small()
    document["executions"] = [execution(name, fees_percent=0.05) for name in ("kraken", "okx")]
    path = tmp_path / "system.json"
    path.write_text(json.dumps(document), encoding="utf-8-sig")
    text = r"^system.json \$.executions\[\d\].fees_percent is 0.05, .*: 5 % of each trade; .* fee_rate: 0.0005$"
    with pytest.warns(ConfigWarning, match=text) as found:
        assert load_config(path).venues()["kraken"].fees.taker == 0.05
    assert len(found) == 2
    assert found[0].filename == __file__


def test_a_fee_rate_is_taken_at_its_word() -> None:
    document = small()
    document["executions"] = [execution(name, fee_rate=0.05) for name in ("kraken", "okx")]
    assert config(document).warnings == []


def test_an_exchange_without_execution_is_a_warning() -> None:
    assert config(small()).warnings == ["$.executions has none for 'okx': it deals without fees, latency and balances"]


def test_a_backtests_configuration() -> None:
    found = config({"risk_free_return": 0.05, "system": small()})
    assert (found.risk_free_return, found.root) == (D("0.05"), "$.system")
    assert found.instruments() == config(small()).instruments()
    assert config(small() | {"risk_free_return": "0.03"}).risk_free_return == D("0.03")
    assert config(small()).risk_free_return == 0


def change(path: str, value: Any) -> Callable[[Any], None]:
    def apply(document: Any) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        for step in way:
            document = document[step]
        document[last] = value

    return apply


STATE = "executions.0.initial_state"
SPEC = {
    "price": {"min": 1, "tick_size": 1},
    "quantity": {"unit": {"Asset": "bnb"}, "min": 1, "increment": 1},
    "notional": {"min": 1},
}
OPEN = {
    "key": {"exchange": "kraken", "instrument": "XBT/USD", "strategy": "s", "cid": "c"},
    "side": "Buy",
    "price": "1",
    "quantity": "1",
    "kind": "Limit",
    "time_in_force": {"GoodUntilCancelled": {"post_only": False}},
    "state": {"Active": {"OpenInFlight": None}},
}


@pytest.mark.parametrize(
    ("path", "value", "error", "text"),
    [
        ("instruments.1.kind", "swap", ProtocolError, r"\$.instruments\[1\].kind: unknown variant"),
        ("instruments.1.exchange", "OKX", ProtocolError, r"\$.instruments\[1\].exchange"),
        ("instruments.0.tick", 1, ProtocolError, r"\$.instruments\[0\].tick: unknown field"),
        ("instruments.0.quote", "usd", ProtocolError, r"\$.instruments\[0\].quote: unknown QuoteAsset"),
        ("instruments.0.quote", "underlying_base", ConfigError, r"\$.instruments\[0\].quote: .* base asset"),
        ("instruments.0.spec", SPEC, ConfigError, r"\$.instruments\[0\].spec.quantity.unit.Asset is 'bnb'; .* xbt and"),
        ("instruments.0.underlying.base", "usd", InstrumentError, r"\$.instruments\[0\]: .* must differ"),
        ("instruments.0.kind", {"future": {"expiry": 1}}, ProtocolError, r"contract_size: field .* is missing"),
        ("instruments", [], InstrumentError, "no instruments are given"),
        ("executions.0.latency_ms", -1, ProtocolError, r"\$.executions\[0\].latency_ms"),
        ("executions.0.fee_rate", 0.001, ConfigError, r"\$.executions\[0\] has both of fees_percent and fee_rate"),
        ("executions.0.fees_percent", None, ConfigError, r"\$.executions\[0\] has neither"),
        ("executions.0.fees_percent", 5, ConfigError, r"\$.executions\[0\].fees_percent: .* 5.0; allowed: -0.01 to"),
        ("executions.0.mocked_exchange", "mexc", ConfigError, r"\$.executions\[0\]: no instrument is traded at 'mexc'"),
        ("executions", [execution("okx"), execution("okx")], ConfigError, r"\$.executions\[1\]: 'okx' is given twice"),
        (f"{STATE}.exchange", "okx", ConfigError, r"initial_state.exchange is 'okx', the account is that of 'kraken'"),
        (f"{STATE}.balances.1.asset", "xbd", ConfigError, r"balances\[1\].asset: 'xbd' is unknown(.|\n)*mean 'xbt'"),
        (f"{STATE}.balances.1.asset", "usd", ConfigError, r"balances\[1\].asset: 'usd' is given twice"),
        (f"{STATE}.balances.0.balance.free", 9, ConfigError, r"balances\[0\].balance: total 1000, free 9; "),
        (f"{STATE}.balances.0", balance("usd", -1), ConfigError, r"balances\[0\].balance: total -1"),
        (f"{STATE}.instruments.0.instrument", "XBTUSD", ConfigError, r"'XBTUSD' is unknown(.|\n)*mean 'XBT/USD'"),
        (f"{STATE}.instruments.0.orders", [OPEN], ConfigError, r"instruments\[0\].orders has 1; a run starts without"),
    ],
)
def test_errors_name_their_place(path: str, value: Any, error: type[BarterBtError], text: str) -> None:
    document = small()
    change(path, value)(document)
    with pytest.raises(error, match=text):
        config(document)


def test_expiries_are_whole_milliseconds() -> None:
    linear = {"contract_size": 1, "settlement_asset": "USDT"}
    for bad in ("2024-06-28T08:00:00Z", 1.5, 1 << 62, True):
        with pytest.raises(ProtocolError, match=r"kind.future.expiry: expected a time in whole milliseconds"):
            terms({"future": linear | {"expiry": bad}})


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.json: cannot be read"):
        load_config(tmp_path / "none.json")


def test_a_run_starts_with_the_balances_and_pays_the_fee() -> None:
    """Balances are stamped at the start of the data, not at their own time, which lies years later."""
    document = small()
    document["instruments"].pop()
    found = config(document)
    times = [datetime(2024, 1, 1, 0, 0, second, tzinfo=UTC) for second in range(4)]
    data = trades(pl.DataFrame({"time_exchange": times, "price": 100.0, "amount": 5.0}), instrument="kraken-xbt_usd")
    target = pl.DataFrame({"time": times[:1], "instrument": ["kraken-xbt_usd"], "target": [2.0]})
    result = backtest(**found.arguments(), data=data, strategy=Signals(target), interpret=True)
    first = result.balances.filter(pl.col("asset") == "usd").row(0, named=True)
    assert (first["time_exchange"], first["total"]) == (times[0], 1_000.0)
    (trade,) = result.trades.to_dicts()
    assert (trade["quantity"], trade["fees"]) == (2.0, pytest.approx(0.2))
    assert trade["time_exchange"] == times[1]


def test_an_engine_of_the_same_instruments() -> None:
    found = config(small())
    engine = Engine(found.instruments(), balances=found.balances())
    assert engine.balance("kraken.xbt")[0] == D("0.5")
    assert engine.index.instrument_at("okx", "ETH-USD") == engine.index.instrument("okx-eth_usd")


@pytest.mark.parametrize("name", ["system_config.json", "backtest_config.json"])
def test_barters_own_configurations(name: str) -> None:
    path = original(f"config/{name}")
    with pytest.warns(ConfigWarning, match="5 % of each trade"):
        found = load_config(path)
    index = IndexedInstruments(found.instruments())
    assert index.names == ["binance_spot-btc_usdt", "binance_spot-eth_usdt", "binance_spot-sol_usdt"]
    assert [one.name_exchange for one in index.instruments] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert found.venues()["binance_spot"].latency == Latency(request_ns=50_000_000, response_ns=50_000_000)
    assert found.balances() == {
        "binance_spot.usdt": 10_000,
        "binance_spot.btc": D("0.1"),
        "binance_spot.eth": 1,
        "binance_spot.sol": 10,
    }
    assert found.risk_free_return == D("0.05")
