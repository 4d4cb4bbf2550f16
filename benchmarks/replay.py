"""Replays of ticks: a strategy called at every event, and an order at every thousandth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from barter_bt import Compiled, Fees, Instrument, Latency, Simulation, Venue, data
from barter_bt.backtest import Result, backtest
from barter_bt.data import Stream, generate
from barter_bt.engine.event import MARKET_QUOTE, MARKET_TRADE
from barter_bt.strategy.api import bid_price, buy, limit_buy, sell
from benchmarks.measure import Columns, Entry, Job, measure
from benchmarks.peers import _answers as answers

EVENTS = 10_000_000
PYTHON_EVENTS = 1_000_000
LITTLE = 1_000
FAR = answers.FAR
MARKET_EVENT = MARKET_TRADE | MARKET_QUOTE
FEES = Fees(answers.FEE, answers.FEE)
LATENCY = Latency(request_ns=1_000_000, response_ns=1_000_000, feed_ns=500_000)
BALANCES = {"usd": int(answers.CASH)}
INSTRUMENTS = [Instrument("x", f"walk{i}_usd", price_increment="0.01", quantity_increment="0.001") for i in range(3)]


def flip(s: Any, my: Any) -> None:
    """At every so many market events a market order between flat and one unit of the instrument."""
    # Reports on own orders wake it too, and do not count.
    if s.event.kind[0] & MARKET_EVENT == 0:
        return
    my.variables.seen[0] += 1
    if my.variables.seen[0] == my.parameters.every[0]:
        my.variables.seen[0] = 0
        i = s.event.instrument[0]
        if s.instruments.quantity[i] > 0:
            sell(s, i, 1.0)
        else:
            buy(s, i, 1.0)


def flip_and_rest(s: Any, my: Any) -> None:
    """The same, and one limit order far below the first bid in each instrument."""
    i = s.event.instrument[0]
    if my.per_instrument.resting[i] == 0 and s.instruments.bid[i] > 0:
        my.per_instrument.resting[i] = 1
        limit_buy(s, i, 1.0, bid_price(s, i) - FAR)
    flip(s, my)


class Watch:
    """A Python strategy that is woken at every event and wants nothing."""

    wake = "every_event"

    def generate_algo_orders(self, state: Any) -> tuple[tuple[()], tuple[()]]:
        """No orders."""
        return (), ()


def flipping(every: int = answers.EVERY) -> Compiled:
    """The strategy of the replays of trades."""
    return Compiled(flip, {"every": every}, {"seen": 0}, wake="every_event", name="flip")


def resting(every: int = answers.EVERY) -> Compiled:
    """The strategy of the replay of quotes."""
    return Compiled(
        flip_and_rest, {"every": every}, {"seen": 0}, {"resting": 0}, wake="every_event", name="flip_and_rest"
    )


def _run(streams: list[Stream], strategy: Any, venue: Venue) -> Callable[[], Result]:
    return lambda: backtest(streams, INSTRUMENTS, strategy, balances=BALANCES, venues=venue)


def _compiled(streams: list[Stream], strategy: Any, venue: Venue) -> Callable[[], Result]:
    """The same, and before it the strategy is compiled into the loop; later runs take what is compiled."""

    def run() -> Result:
        simulation = Simulation(streams, INSTRUMENTS, balances=BALANCES, venues=venue)
        simulation.compile(strategy)
        return simulation.run(strategy)

    return run


def trades_job(n: int, strategy: Any = None, latency: Latency | None = None, *, merged: bool = True) -> Job:
    """A replay of ``n`` trades held in memory; a strategy of one's own sends no orders."""
    venue = Venue(fees=FEES, latency=latency or Latency())
    frame = generate.trades(n)
    little = data.trades(frame.head(LITTLE))
    if strategy is None:
        strategy, answer = flipping(), answers.replay(generate.trades_arrays(n), fixed_book=False)
    else:
        answer = answers.Answer(0, answers.CASH, 0.01, "no orders")
    first = _compiled if merged else _run
    return Job(_run([data.trades(frame)], strategy, venue), n, first([little], strategy, venue), answer)


def quotes_job(n: int, every: int = answers.EVERY) -> Job:
    """``n`` quotes and ``n`` trades, quotes first at equal times."""
    book, tape = generate.quotes(n), generate.trades(n)
    venue = Venue(fees=FEES)
    little = [data.quotes(book.head(LITTLE)), data.trades(tape.head(LITTLE))]
    exact = answers.replay_quotes(generate.trades_arrays(n), generate.quotes_arrays(n))
    # Where the quote shows less than one unit the rest is filled at the quotes that follow it.
    answer = answers.Answer(exact.orders, exact.equity, 5.0, "fills no more than each quote shows")
    streams = [data.quotes(book), data.trades(tape)]
    first = _compiled(little, resting(every), venue)
    return Job(_run(streams, resting(every), venue), 2 * n, first, answer, len(INSTRUMENTS))


def quotes_columns(n: int) -> Columns:
    """The columns of both streams."""
    trades = {f"trade_{name}": column for name, column in generate.trades_arrays(n).items()}
    return generate.quotes_arrays(n) | trades


def replay_compiled(scale: float) -> list[Entry]:
    """Trades, zero latency."""
    n = int(EVENTS * scale)
    return [measure("replay_compiled", lambda: trades_job(n), generate.trades_arrays(n))]


def replay_linked(scale: float) -> list[Entry]:
    """Trades, zero latency, by a strategy that is called by the loop and not compiled into it; call it before that."""
    n = int(EVENTS * scale)
    strategy = Compiled(flip, {"every": answers.EVERY, "linked": 1}, {"seen": 0}, wake="every_event", name="flip")
    job = trades_job(n, strategy, merged=False)
    job.answer = answers.replay(generate.trades_arrays(n), fixed_book=False)
    return [measure("replay_linked", lambda: job, generate.trades_arrays(n))]


def replay_compiled_latency(scale: float) -> list[Entry]:
    """Trades, with latency of requests, responses and the feed."""
    n = int(EVENTS * scale)
    return [measure("replay_compiled_latency", lambda: trades_job(n, latency=LATENCY), generate.trades_arrays(n))]


def replay_quotes(scale: float) -> list[Entry]:
    """Quotes and trades, with limit orders resting all the time."""
    n = int(EVENTS * scale)
    return [measure("replay_quotes", lambda: quotes_job(n), quotes_columns(n))]


def replay_python(scale: float) -> list[Entry]:
    """A Python strategy woken at every event."""
    n = int(PYTHON_EVENTS * scale)
    return [measure("replay_python", lambda: trades_job(n, Watch()), generate.trades_arrays(n))]
