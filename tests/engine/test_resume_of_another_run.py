"""A checkpoint knows what its run was made from: a resume of anything else is refused, and what differs is named."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest import checkpoint, identity
from barter_bt.backtest.checkpoint import CheckpointWarning
from barter_bt.columns import storage
from barter_bt.data import generate
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.strategy.api import buy
from barter_bt.strategy.hooks import close_all_positions
from barter_bt.testing.scenario import Scenario, random_scenario, to_backtest

TRADES, QUOTES = generate.trades(300), generate.quotes(200)
SEAM = 350  # rows of both streams together
LATE = TRADES["time_exchange"][-1] - timedelta(microseconds=1)
BUYS = 5.0


def lots_now(seen: int) -> float:
    """What the strategies below ask for; a helper and a constant of the module."""
    return BUYS if seen % 7 == 0 else 0.0


class Lots:
    """What a strategy in Python is made of, too."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def of(self, seen: int) -> float:
        return self.scale * lots_now(seen)


class Buying:
    """A strategy in Python."""

    wake = "trade"

    def __init__(self, scale: float = 0.1, weights: Any = (1.0, 2.0)) -> None:
        self.lots, self.seen, self.weights = Lots(scale), 0, np.array(weights)

    def generate_algo_orders(self, state: Any) -> Any:
        self.seen += 1
        lots = self.lots.of(self.seen)
        return (), [bt.OrderRequest(state.instrument, lots)] if lots else ()


class BuyingMore(Buying):
    """The same by name of its parts, with other code."""

    def generate_algo_orders(self, state: Any) -> Any:
        return super().generate_algo_orders(state)


def generate_buys(s: Any, my: Any) -> None:
    my.variables.seen[0] += 1
    if my.variables.seen[0] % 7 == 0:
        buy(s, s.event.instrument[0], my.parameters.lots[0])


def generate_more(s: Any, my: Any) -> None:
    my.variables.seen[0] += 1
    if my.variables.seen[0] % 8 == 0:
        buy(s, s.event.instrument[0], my.parameters.lots[0])


def compiled(generate: Any = generate_buys, lots: float = 0.5, **more: Any) -> bt.Compiled:
    return bt.Compiled(generate, **{"parameters": {"lots": lots}, "variables": {"seen": 0}, "wake": "trade"} | more)


def orders(quantity: float = 1.0, shift: int = 0) -> Any:
    times = TRADES["time_exchange"].gather_every(20) + timedelta(microseconds=shift)
    frame = pl.DataFrame(
        {
            "time": times,
            "instrument": ["walk0_usd"] * len(times),
            "target": [quantity * (k % 2) for k in range(len(times))],
        }
    )
    return bt.strategy.Schedule(frame)


STRATEGIES: dict[str, Callable[[], Any]] = {"compiled": compiled, "python": Buying, "schedule": orders}


def walks(**more: Any) -> list[bt.Instrument]:
    steps = {"price_increment": "0.01", "quantity_increment": "0.001"} | more
    return [bt.Instrument("x", f"walk{k}_usd", **steps) for k in range(3)]


def arguments(strategy: str) -> dict[str, Any]:
    return {
        "data": [bt.data.trades(TRADES), bt.data.quotes(QUOTES)],
        "instruments": walks(),
        "strategy": STRATEGIES[strategy](),
        "balances": {"usd": 1_000_000},
        "venues": bt.Venue(fees=bt.Fees(taker=0.001)),
        "risk": bt.Limits(order_rate=(50, "1h")),
        "interpret": True,
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A checkpoint of a run of each strategy, made once."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def path_of(strategy: str) -> Path:
        path = folder / f"{strategy}.npz"
        if not path.exists():
            bt.backtest(**arguments(strategy), checkpoint=bt.Checkpoint(path, every_rows=SEAM))
        return path

    return path_of


def late(frame: pl.DataFrame, column: str, change: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """The frame with other values in its last row only: long after the seam."""
    is_last = pl.int_range(pl.len()) == pl.len() - 1
    return frame.with_columns(pl.when(is_last).then(change(pl.col(column))).otherwise(column).alias(column))


QUIT = pl.DataFrame({"time": pl.Series([LATE]), "command": ["disable_trading"]})
CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "prices after the seam": (
        {"data": [bt.data.trades(late(TRADES, "price", lambda p: p * 2)), bt.data.quotes(QUOTES)]},
        "data[0].sha256: was ",
    ),
    "amounts": (
        {"data": [bt.data.trades(TRADES), bt.data.quotes(late(QUOTES, "ask_amount", lambda a: a + 1))]},
        "data[1].sha256",
    ),
    "rows": ({"data": [bt.data.trades(TRADES[:-1]), bt.data.quotes(QUOTES)]}, "data[0].rows: was 300, is 299"),
    "no second stream": ({"data": bt.data.trades(TRADES)}, "data[1].kind: was 'quotes', is not there"),
    "order of streams": (
        {"data": [bt.data.quotes(QUOTES), bt.data.trades(TRADES)]},
        "data[0].kind: was 'trades', is 'quotes'",
    ),
    "fees": ({"venues": bt.Venue(fees=bt.Fees(taker=0.01))}, "venues.x.fees.taker: was 0.001, is 0.01"),
    "latency": (
        {"venues": bt.Venue(fees=bt.Fees(taker=0.001), latency=bt.Latency(request_ns=5))},
        "venues.x.latency.request_ns: was 0, is 5",
    ),
    "account": (
        {"venues": bt.Venue(fees=bt.Fees(taker=0.001), account="margin")},
        "venues.x.account: was 'cash', is 'margin'",
    ),
    "increment": (
        {"instruments": walks(quantity_increment="0.01")},
        "instruments.walk0_usd.quantity_increment: was '0.001', is '0.01'",
    ),
    "balance": ({"balances": {"usd": 2_000_000}}, "balances.usd: was '1000000', is '2000000'"),
    "another balance": ({"balances": {"usd": 1_000_000, "walk0": 1}}, "balances.walk0: was not there, is '1'"),
    "limits": ({"risk": bt.Limits(order_rate=(51, "1h"))}, "risk.order_rate[0]: was 50, is 51"),
    "no limits": ({"risk": None}, "risk: was not there, is None"),
    "commands": ({"commands": QUIT}, "commands: was None, is not there"),
    "trading": ({"trading": "disabled"}, "trading: was 'enabled', is 'disabled'"),
    "marks": ({"mark_every": "5m"}, "mark_every_ns: was 60000000000, is 300000000000"),
    "reporting": ({"reporting": "walk0"}, "reporting: was 'usd', is 'walk0'"),
    "record": ({"record": bt.Record(("instruments.quantity",))}, "record: was None, is not there"),
    "audit": ({"audit": "full"}, "audit: was 'off', is 'full'"),
    "start": ({"start": TRADES["time_exchange"][3]}, "start_ns: was "),
    "seed": ({"seed": 1}, "seed: was 0, is 1"),
    "kind of strategy": ({"strategy": BuyingMore()}, "strategy.type: was "),
}  # fmt: skip


def refused(path: Path, given: dict[str, Any]) -> str:
    with pytest.raises(ConfigError, match="is of another run") as caught:
        bt.backtest(**given, resume=path)
    return str(caught.value)


@pytest.mark.parametrize("what", CHANGES)
def test_another_run_is_refused_by_name(saved, what):
    """Old and new value stand in the message, whatever was changed."""
    change, told = CHANGES[what]
    assert told in refused(saved("compiled"), arguments("compiled") | change)


OTHERS: dict[str, tuple[str, Callable[[], Any], str]] = {
    "parameter": ("compiled", lambda: compiled(lots=0.75), "strategy.parameters.lots: was 0.5, is 0.75"),
    "first value": ("compiled", lambda: compiled(variables={"seen": 1}), "strategy.variables.seen: was 0, is 1"),
    "code": ("compiled", lambda: compiled(generate_more), "strategy.generate: was "),
    "wake": ("compiled", lambda: compiled(wake="market"), "strategy.wake: was 'trade', is 'market'"),
    "name": ("compiled", lambda: compiled(name="other"), "strategy.name: was 'compiled', is 'other'"),
    "hook": (
        "compiled",
        lambda: compiled(hooks=bt.Hooks(on_trading_disabled=close_all_positions)),
        "strategy.hooks.on_trading_disabled: was None, is ",
    ),
    "attribute": ("python", lambda: Buying(0.2), "strategy.lots.scale: was 0.1, is 0.2"),
    "array": ("python", lambda: Buying(weights=(1.0, 3.0)), "strategy.weights[1]: was 2.0, is 3.0"),
    "class": ("python", BuyingMore, "strategy.type: was "),
    "quantity": ("schedule", lambda: orders(2.0), "schedule."),
    "times": ("schedule", lambda: orders(shift=1), "schedule.time: was "),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_strategy_is_refused_by_name(saved, what):
    """Its code, its parameters, and the columns that its signals became."""
    strategy, other, told = OTHERS[what]
    assert told in refused(saved(strategy), arguments(strategy) | {"strategy": other()})


@pytest.mark.parametrize("what", ["helper", "constant", "method", "class value"])
def test_what_a_strategy_in_python_reaches_is_its_code(saved, monkeypatch, what):
    """A helper of its module, a constant that the helper reads, a method of a part, a value of its class."""
    path = saved("python")
    if what == "helper":
        monkeypatch.setitem(globals(), "lots_now", lambda seen: BUYS if seen % 8 == 0 else 0.0)
    elif what == "constant":
        monkeypatch.setitem(globals(), "BUYS", 6.0)
    elif what == "method":
        monkeypatch.setattr(Lots, "of", lambda self, seen: self.scale * lots_now(seen + 1))
    else:
        monkeypatch.setattr(Buying, "wake", "market")
    told = {"class value": "strategy.wake: was 'trade', is 'market'", "constant": f"{__name__}.BUYS: was 5.0, is 6.0"}
    assert told.get(what, "strategy.lots.code.sha256: was ") in refused(path, arguments("python"))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_run_is_accepted(saved, strategy):
    """Made anew, and with its data in other chunks."""
    whole = bt.backtest(**arguments(strategy))
    pieces = [pl.concat([frame[:77], frame[77:]], rechunk=False) for frame in (TRADES, QUOTES)]
    other = {"data": [bt.data.trades(pieces[0]), bt.data.quotes(pieces[1])]}
    assert whole.trades.height > 10
    for given in (arguments(strategy), arguments(strategy) | other):
        assert bt.backtest(**given, resume=saved(strategy)).digests == whole.digests


def test_data_may_lie_elsewhere_but_not_be_read_otherwise(tmp_path):
    """The same file under another name is the same data; with another column as the price it is not."""
    frame = TRADES.rename({"price": "raw"}).with_columns(adjusted=pl.col("raw") * 2)
    frame.write_parquet(tmp_path / "a.parquet")
    shutil.copy(tmp_path / "a.parquet", tmp_path / "b.parquet")

    def given(file: str, price: str) -> dict[str, Any]:
        return arguments("compiled") | {"data": bt.data.trades(tmp_path / file, columns={price: "price"})}

    path = tmp_path / "run"
    whole = bt.backtest(**given("a.parquet", "raw"), checkpoint=bt.Checkpoint(path, every_rows=99))
    assert bt.backtest(**given("b.parquet", "raw"), resume=path).digests == whole.digests
    assert "data[0].columns" in refused(path, given("a.parquet", "adjusted"))


def test_signals_differ_by_what_they_became_on_the_data(tmp_path):
    """An expression's parameter, and the size of its targets."""
    given = {
        "data": bt.data.candles(generate.candles(400, instrument="a_usd")),
        "instruments": bt.Instrument("x", "a_usd", price_increment="0.0001"),
        "balances": {"usd": 1_000},
        "interpret": True,
    }

    def signals(rows: int, **more: Any) -> Any:
        return {"strategy": bt.Signals((pl.col("close") > pl.col("close").shift(rows)) * 0.1, **more)}

    path = tmp_path / "run"
    whole = bt.backtest(**given | signals(5), checkpoint=bt.Checkpoint(path, every_rows=150))
    assert whole.trades.height > 10
    assert bt.backtest(**given | signals(5), resume=path).digests == whole.digests
    told = refused(path, given | signals(6))
    assert re.search(r"strategy.target: was .*int: 5.*, is .*int: 6", told)
    assert "schedule.time: was " in told
    assert "strategy.size: was 'units', is 'equity'" in refused(path, given | signals(5, size="equity"))


def later_amount(one: Scenario) -> Scenario:
    """Twice the last amount of the last stream."""
    *rows, last = one.streams[-1].rows
    stream = replace(one.streams[-1], rows=(*rows, (*last[:-1], 2 * last[-1])))
    return replace(one, streams=(*one.streams[:-1], stream))


def dearer(one: Scenario) -> Scenario:
    return replace(one, instruments=(replace(one.instruments[0], taker="0.05"), *one.instruments[1:]))


def slower(one: Scenario) -> Scenario:
    first = one.exchanges[0]
    slow = replace(first, request_ns=first.request_ns + 1, request_delays=None)
    return replace(one, exchanges=(slow, *one.exchanges[1:]))


def turned(one: Scenario) -> Scenario:
    """Streams in another order; trades stay before the book whose changes they cause (rule 89)."""
    has_book = any(stream.kind == "book" for stream in one.streams)
    return one if has_book else replace(one, streams=one.streams[::-1])


def richer(one: Scenario) -> Scenario:
    exchange, asset, amount = one.balances[-1]
    return replace(one, balances=(*one.balances[:-1], (exchange, asset, str(Decimal(amount) * 2))))


DRAWN: dict[str, Callable[[Scenario], Scenario]] = {
    "amount": later_amount,
    "fee": dearer,
    "latency": slower,
    "balance": richer,
    "schedule": lambda one: replace(one, schedule=one.schedule[:-1]),
    "streams": turned,
    "marks": lambda one: replace(one, mark_every_ns=77 * 10**9),
    "strict": lambda one: replace(one, strict=not one.strict),
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[Scenario, Path]]:
    """What was drawn, and a checkpoint of its run, which is made once for all changes."""
    folder = tmp_path_factory.mktemp("drawn")

    @cache
    def made(seed: int) -> tuple[Scenario, Path]:
        path, scenario = folder / str(seed), random_scenario(seed)
        bt.backtest(**to_backtest(scenario), interpret=True, checkpoint=bt.Checkpoint(path, every_rows=1 + seed % 7))
        return scenario, path

    return made


@pytest.mark.parametrize("change", DRAWN)
def test_no_drawn_run_goes_on_with_anything_changed(drawn, change):
    """Whatever was drawn, and however late the change would have been seen."""
    refusals = 0
    for seed in range(8000, 8012):
        scenario, path = drawn(seed)
        other = DRAWN[change](scenario)
        if other != scenario and path.exists():
            refused(path, to_backtest(other, 1 + seed % 3) | {"interpret": True})
            refusals += 1
    assert refusals > 3


def test_two_files_of_one_name_both_count(tmp_path):
    """The first of them changed."""
    for folder, rows in (("a", TRADES[:100]), ("b", TRADES[100:])):
        (tmp_path / folder).mkdir()
        rows.write_parquet(tmp_path / folder / "trades.parquet")
    both = [tmp_path / folder / "trades.parquet" for folder in "ab"]
    before = bt.data.trades(both).fingerprint()["sha256"]
    late(TRADES[:100], "price", lambda p: p * 2).write_parquet(both[0])
    assert bt.data.trades(both).fingerprint()["sha256"] != before


def test_another_version_is_refused_by_its_name(saved, monkeypatch):
    path = saved("compiled")
    monkeypatch.setattr(checkpoint, "VERSION", "9.9.9")
    with pytest.raises(ConfigError, match=r"is of format 2, version [\d.]+; this is format 2, version 9\.9\.9"):
        bt.backtest(**arguments("compiled"), resume=path)


def test_another_source_of_the_same_version_is_refused(saved, monkeypatch):
    """A version that is being worked on keeps its number."""
    path = saved("compiled")
    monkeypatch.setattr(identity, "_own_code", lambda: "other")
    assert "barter_bt.code: was " in refused(path, arguments("compiled"))


def test_nothing_that_reaches_the_engine_can_be_forgotten(saved, monkeypatch):
    """A setting that no name above stands for still differs in the tables."""
    room = sys.modules["barter_bt.backtest.run"]
    install = vars(room)["_install"]

    def forgetting(state: Any, *others: Any) -> None:
        install(state, *others)
        state.instruments.working[1] = 5

    path = saved("compiled")
    monkeypatch.setattr(room, "_install", forgetting)
    told = refused(path, arguments("compiled"))
    assert re.search(r"tables\.engine\.instruments\.working\[1\]: was 0, is 5", told)


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_checkpoint_is_refused_before_anything_is_unpickled(saved, tmp_path, monkeypatch, seed):
    """A flipped bit or a cut, anywhere."""
    whole, path, random = saved("python").read_bytes(), tmp_path / "run", Random(seed)
    monkeypatch.setattr(storage.np, "load", lambda *_, **__: pytest.fail("it was read"))
    for _ in range(25):
        place = random.randrange(len(whole))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << random.randrange(8)
        for content in (bytes(damaged), whole[:place]):
            path.write_bytes(content)
            with pytest.raises(ConfigError, match="is damaged: its checksum differs|is not a checkpoint"):
                storage.read(path, "a checkpoint")


def test_a_full_disk_does_not_end_the_run(tmp_path, monkeypatch):
    """The older checkpoint stays, the run goes on to its end and says so."""
    path = tmp_path / "run"
    whole = bt.backtest(**arguments("python"), checkpoint=bt.Checkpoint(path, every_rows=100))
    older = path.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.np, "savez", full)
    with pytest.warns(CheckpointWarning, match="No space left"):
        again = bt.backtest(**arguments("python"), checkpoint=bt.Checkpoint(path, every_rows=100))
    assert again.digests == whole.digests
    assert any("could not be saved on its way" in line for line in again.warnings)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [older]


class Forgetful(Buying):
    """Holds what cannot be pickled: from the start, or later."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.held = (lambda: 0) if at == 0 else None

    def generate_algo_orders(self, state: Any) -> Any:
        if self.seen == self.at:
            self.held = lambda: 0
        return super().generate_algo_orders(state)


def test_what_cannot_be_remembered_is_told_at_once_and_later_does_not_end_the_run(tmp_path):
    """A lambda among the attributes when the run starts, or after some events."""
    given = {"checkpoint": bt.Checkpoint(tmp_path / "run", every_rows=100)}
    with pytest.raises(StrategyError, match="what the strategy remembers cannot be saved"):
        bt.backtest(**arguments("python") | {"strategy": Forgetful(0)}, **given)
    with pytest.warns(CheckpointWarning, match="what the strategy remembers cannot be saved"):
        result = bt.backtest(**arguments("python") | {"strategy": Forgetful(150)}, **given)
    assert result.trades.height > 10


def test_where_no_checkpoint_can_be_written_is_told_before_the_run(tmp_path):
    with pytest.raises(ConfigError, match="directory .*no does not exist"):
        bt.backtest(**arguments("python"), checkpoint=bt.Checkpoint(tmp_path / "no" / "run"))
