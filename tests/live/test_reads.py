"""One strategy reads all that there is, in a backtest and on the event engine: equal, event by event (rule 83)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.live import SimulatedExchange
from barter_bt.live.session import Session
from barter_bt.protocol import Candle, MarketEvent, OwnValue, TradingState, from_json, to_dict, to_json
from barter_bt.system import Strategy
from barter_bt.testing.market import stamps
from tests.live.test_paper import trade

A = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
P = bt.Instrument("x", "p_usd", kind="perpetual", settlement="usd", price_increment=1, quantity_increment=1)


class Reads:
    """Notes everything at every event; trades now and then, so that there is something to note."""

    wake: Any = ("every_event", "bar_close")
    candle_history, data_columns = 3, ("mood", "depth")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names, self.seen = names, []

    def generate_algo_orders(self, state: Any) -> Any:
        self.seen.append((everything(state, self.names), self._of_instruments(state)))
        if state.event not in ("trade", "quote", "candle"):  # it would answer itself without end
            return None
        turn = len(self.seen)
        if turn % 7 == 3:
            name = self.names[turn % len(self.names)]
            price = state.price(name) or 100
            bracket = {"stop_loss": round(price) - 5, "take_profit": round(price) + 5, "price": round(price)}
            return [], [state.buy(name, 2, **bracket)]
        if turn % 11 == 5:
            return state.cancel_all(self.names[0]), state.close(self.names[-1])
        return None

    def _of_instruments(self, state: Any) -> Any:
        return [of_instrument(state, name) for name in self.names]


def everything(state: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """What is of no instrument."""
    return {
        **{name: getattr(state, name) for name in ("event", "instrument", "order", "trading", "instruments")},
        **{name: getattr(state, name) for name in ("time", "datetime", "next_order", "equity")},
        **{name: getattr(state, name)("usd") for name in ("balance", "free_balance", "margin_used", "free_margin")},
    }


def of_instrument(state: Any, name: str) -> dict[str, Any]:
    """What is of one."""
    last, window = state.candle(name), state.candles(name)
    return {
        **{one: getattr(state, one)(name) for one in NOUNS},
        "candle": last,
        "candles": window.frame().rows(),
        "columns": [str(state.column(name, one)) for one in ("mood", "depth")],  # NaN is NaN
        "orders": [state.read_order(number) for number in state.open_orders(name)],
        "round": (state.round_price(name, 3.4), state.round_quantity(name, 3.4)),
        "sessions": (state.session_open(name), state.session_close(name), state.is_open(name)),
    }


NOUNS = (
    "price", "bid", "ask", "bid_amount", "ask_amount", "position", "working", "entry_average", "mark", "unrealised",
    "realised", "fees", "time_in_position", "cash", "free_cash", "margin_aside", "buying_power",
)  # fmt: skip


def simulation(**options: Any) -> bt.Simulation:
    """Trades, quotes and candles of two instruments, one of them on margin."""
    names = ("a_usd", "p_usd")
    streams: list[Any] = [
        one
        for k, name in enumerate(names)
        for one in (
            bt.testing.trades(*((40 * n + k, 100 + n * 3 % 5, 5) for n in range(1, 20)), instrument=name),
            bt.testing.quotes(
                *((25 * n, 99 + n * 7 % 4, 5, 101 + n * 7 % 4, 4) for n in range(1, 30)), instrument=name
            ),
            bt.testing.candles(
                *((60 * n, 60 * n + 60, 100, 103 + n % 2, 97, 100 + n % 3) for n in range(12)), instrument=name
            ),
        )
    ]
    streams = [with_own(one) for one in streams]
    days = pl.DataFrame({"open": stamps([0, 400, 100_000]), "close": stamps([300, 700, 100_300])})
    terms = bt.Venue(fees="0.1%", latency=bt.Latency(5, 7, 3), margin_by_instrument={"p_usd": bt.Margin("10%")})
    given = {"balances": {"usd": 5_000}, "venues": terms, "sessions": bt.data.sessions(days), "interpret": True}
    return bt.Simulation(streams, [A, P], **given, **options)


def with_own(stream: Any) -> Any:
    """The stream with columns of the user's own: text that nobody can read, and numbers, null now and then."""
    frame, number = stream.frame().collect(), pl.int_range(pl.len())
    own = {"note": pl.lit("text"), "mood": pl.when(number % 3 > 0).then(number * 0.5)}
    own |= {"depth": number % 7} if stream.kind == "quotes" else {}
    return getattr(bt.data, stream.kind)(frame.with_columns(**own))


@pytest.mark.filterwarnings("ignore:.*told as buys")
def test_a_strategy_reads_the_same_on_the_event_engine() -> None:
    simulated = simulation()
    there, here = Reads(("a_usd", "p_usd")), Reads(("a_usd", "p_usd"))
    result = simulated.run(there)
    _, exchange = trade(simulated, here)
    assert len(there.seen) == len(here.seen) > 150
    for number, (mine, theirs) in enumerate(zip(here.seen, there.seen, strict=True)):
        assert mine == theirs, number
    assert {value for _, own in there.seen for one in own for value in one["columns"]} > {"nan", "0.5", "6.0"}
    assert any(one["position"] and one["orders"] and one["fees"] for _, own in there.seen for one in own)
    assert any(one["time_in_position"] > timedelta(0) for _, own in there.seen for one in own)
    assert exchange.digest == result.digest


@pytest.mark.filterwarnings("ignore:.*told as buys")
def test_a_strategy_of_the_event_engine_reads_what_one_of_backtests_does() -> None:
    """Under ``natural``; neither trades, and market events alone are looked at, each of which asks both."""
    names, market = ("a_usd", "p_usd"), ("trade", "quote", "candle")

    class Native(Strategy):
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def generate_algo_orders(self, engine: Any) -> Any:
            natural = engine.natural
            self.seen.append((everything(natural, names), [of_instrument(natural, name) for name in names]))
            return (), ()

    class Plain(Reads):
        def generate_algo_orders(self, state: Any) -> Any:
            self.seen.append((everything(state, self.names), self._of_instruments(state)))

    simulated = simulation()
    there, here = Plain(names), Native()
    simulated.run(there)
    exchange = SimulatedExchange(simulated)
    session = Session(
        here, {"x": exchange}, candle_history=3, trading=TradingState.ENABLED, **exchange.engine_arguments()
    )
    exchange.attach(session.engine, timer_ns=0, bar_close=False)
    while (arrival := exchange.next()) is not None:
        session.process(arrival)
    mine, theirs = ([one for one in each.seen if one[0]["event"] in market] for each in (here, there))
    assert len(mine) > 100
    assert mine == theirs
    seen = session.engine.copy().natural
    assert (seen.equity, seen.column("a_usd", "mood")) == (5_000.0, session.engine.natural.column("a_usd", "mood"))


def test_what_events_do_not_bring_cannot_be_asked_for() -> None:
    class Asks:
        data_columns = ("mod",)

        def generate_algo_orders(self, state: Any) -> None: ...

    with pytest.raises(StrategyError, match="asks for a column 'mod' of the data; .*mood.*\nHint: did you mean 'mood'"):
        trade(simulation(), Asks())


def test_what_is_beside_barters_fields_is_left_out_where_it_is_not() -> None:
    """Documents are Barter's as long as nothing else is said."""
    candle = Candle(5, 1.0, 1.0, 1.0, 1.0, 0.0, 0)
    plain = MarketEvent(1, 2, "x", "a", candle)
    assert to_dict(plain)["kind"]["Candle"].keys() == {*Candle.__struct_fields__} - {"open_time"}
    assert "own" not in to_dict(plain)
    whole = MarketEvent(1, 2, "x", "a", Candle(5, 1.0, 1.0, 1.0, 1.0, 0.0, 0, 4), (OwnValue("mood", 0.5),))
    assert from_json(MarketEvent, to_json(whole)) == whole
    assert from_json(MarketEvent, to_json(plain)) == plain
