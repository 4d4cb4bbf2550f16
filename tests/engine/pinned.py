"""Whole runs whose digests are pinned: what a backtest computes changes only on purpose.

The runs are small and varied; their data comes from a generator of its own, so that no other package, and no test's
generator, has a say in them. ``pinned.tsv`` holds what they must give. Where a rule of the simulation has changed on
purpose::

    python -m tests.engine.pinned            # says which runs differ, and in which tables
    python -m tests.engine.pinned --write    # pins them anew

A change of ``pinned.tsv`` is a change for every user: it belongs into one commit with its entry in CHANGELOG.md and,
unless it mends the engine alone, with docs/rules.md.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

import barter_bt as bt
from barter_bt.backtest import Result
from barter_bt.strategy import Python
from barter_bt.strategy.api import ask_price, bid_price, buy, cancel_all, limit_buy, limit_sell, position, price, target
from barter_bt.strategy.hooks import cancel_all_orders, close_all_positions
from tests.engine.test_commands import commands
from tests.engine.tiny import candles, quotes, run, schedule, stamps, trades

PINNED = Path(__file__).with_name("pinned.tsv")
TABLES = ("orders", "trades", "positions", "balances", "equity")
MS = 1_000_000
HOUR, DAY = 3_600, 86_400

RUNS: dict[str, Callable[[bool], Result]] = {}
COMPILED = ("maker", "panel")  # these are run compiled too
BEFORE_1970 = -3 * DAY - 1  # crosses 1970 within its candles


class Dice:
    """Numbers of a seed, the same on every machine and with every version of every package."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def under(self, count: int) -> int:
        """A whole number from 0 up to, but not, ``count``."""
        return int(self._random.random() * count)

    def walk(self, start: int = 10_000, step: int = 40) -> Iterator[int]:
        """A price in cents that wanders and stays positive."""
        now = start
        while True:
            now = max(now + self.under(2 * step + 1) - step, 50)
            yield now


def spot(name: str, exchange: str = "x", **terms: Any) -> bt.Instrument:
    return bt.Instrument(exchange, name, price_increment="0.01", quantity_increment="0.001", **terms)


def some_trades(seed: int, rows: int, *names: str, every: float = 1.0, **options: Any) -> bt.data.Stream:
    """Trades of each name in turn, one name after the other at each time."""
    dice = Dice(seed)
    walks = {name: dice.walk() for name in names}
    made = (
        (k * every, next(walks[name]) / 100, (1 + dice.under(4000)) / 1000, name) for k in range(rows) for name in names
    )
    return trades(*made, **options)


def some_quotes(seed: int, rows: int, *names: str, every: float = 1.0) -> bt.data.Stream:
    """Quotes of each name at each time, of one to four cents; sometimes a side is empty."""
    dice = Dice(seed)
    walks, made = {name: dice.walk() for name in names}, []
    for k in range(rows):
        for name in names:
            bid = next(walks[name])
            sizes = [dice.under(3000) / 1000 if dice.under(20) else 0.0 for _ in range(2)]
            made.append((k * every, bid / 100, sizes[0], (bid + 1 + dice.under(4)) / 100, sizes[1], name))
    return quotes(*made)


def some_candles(seed: int, rows: int, name: str, start: float = 0, length: float = HOUR, gap: float = 0) -> list[Any]:
    """Candles of one name: open, high, low and close of four steps each."""
    dice = Dice(seed)
    walk, made = dice.walk(), []
    for k in range(rows):
        steps, opened = [next(walk) / 100 for _ in range(4)], start + k * (length + gap)
        made.append((opened, opened + length, steps[0], max(steps), min(steps), steps[3], name))
    return made


def by_close(*many: list[Any]) -> bt.data.Stream:
    """One stream of several lists of candles, in order of their closes."""
    return candles(*sorted((row for rows in many for row in rows), key=lambda row: (row[1], row[6])))


def some_orders(seed: int, count: int, *names: str, every: float = 1.0, **options: Any) -> bt.Schedule:
    """Orders of every kind about the prices of the walks, and cancels of some of them."""
    dice, rows = Dice(seed), []
    for k in range(count):
        row: dict[str, Any] = {"at": k * every, "on": names[dice.under(len(names))]}
        row["buy" if dice.under(2) else "sell"] = (1 + dice.under(3000)) / 1000
        kind = dice.under(10)
        if kind < 6:
            row |= {"limit": (9_900 + dice.under(200)) / 100, "tif": ("gtc", "gtc", "gtc", "gtc", "ioc", "fok")[kind]}
            row["post_only"] = kind == 3
        opens = [n for n, one in enumerate(rows) if "limit" in one]
        cancels = kind > 7 and opens
        rows.append({"at": row["at"], "on": row["on"], "cancel": opens[dice.under(len(opens))]} if cancels else row)
    return schedule(*rows, **options)


def pinned(make: Callable[..., Result]) -> Callable[..., Result]:
    """Enter a run under the name of its function."""
    RUNS[make.__name__] = make
    return make


FEES = bt.Fees(maker=0.0002, taker=0.00075)
REBATE = bt.Fees(maker=-0.0001, taker=0.0005)
LATENCY = bt.Latency(request_ns=700 * MS, response_ns=1_100 * MS, feed_ns=300 * MS)
ONE = {"usd": 1_000, "a": 3}


@pinned
def orders_on_trades(interpret: bool) -> Result:
    """Every kind of order on trades, with cancels, in a cash account; partial fills by the trades' amounts."""
    market, plan = some_trades(1, 400, "a_usd"), some_orders(2, 300, "a_usd", every=1.3)
    return run(market, plan, spot("a_usd"), balances=ONE, venues=bt.Venue(FEES), interpret=interpret)


@pinned
def touched_with_latency(interpret: bool) -> Result:
    """The same where a touch is enough, requests, reports and the feed take time, and minima are declared."""
    market, plan = some_trades(3, 400, "a_usd", "b_usd"), some_orders(4, 300, "a_usd", "b_usd", every=1.3)
    listed = [spot("a_usd", quantity_min="0.2", notional_min="30"), spot("b_usd", price_min="99.5")]
    venue = bt.Venue(REBATE, LATENCY, limit_fill="touch")
    return run(market, plan, listed, balances=ONE | {"b": 2}, venues=venue, interpret=interpret)


@pinned
def orders_on_quotes(interpret: bool) -> Result:
    """Quotes that run out, have empty sides and grow stale."""
    venue = bt.Venue(FEES, max_age_ns=1_500 * MS)
    market, plan = some_quotes(5, 300, "a_usd", every=2.0), some_orders(6, 300, "a_usd", every=1.7)
    return run(market, plan, spot("a_usd"), balances=ONE, venues=venue, interpret=interpret)


def make_market(s: Any, my: Any) -> None:
    """Quotes on both sides, renewed at every third event of an instrument; a market order now and then."""
    i = s.event.instrument[0]
    if i < 0 or s.event.order[0] >= 0:
        return
    my.per_instrument.seen[i] += 1
    my.variables.seen[0] += 1
    bid, ask = bid_price(s, i), ask_price(s, i)
    if my.per_instrument.seen[i] % 3 == 0 and bid > 0.0 and ask > bid:
        cancel_all(s, i)
        limit_buy(s, i, my.parameters.size[0], bid)
        limit_sell(s, i, my.parameters.size[0], ask, post_only=1)
    if my.variables.seen[0] % 29 == 0:
        if position(s, i) > 0.0:
            target(s, i, 0.0)
        else:
            buy(s, i, 1.5)


@pinned
def maker(interpret: bool) -> Result:
    """A compiled strategy on quotes and trades of three instruments, in a margin account, with latency."""
    names = ("a_usd", "b_usd", "c_usd")
    market = [some_quotes(7, 150, *names), some_trades(8, 150, *names, every=0.8)]
    strategy = bt.Compiled(make_market, {"size": 0.75}, {"seen": 0}, {"seen": 0}, wake=("quote", "fill"), name="maker")
    venue = bt.Venue(REBATE, LATENCY, bt.Margin(0.2), "margin")
    terms = {"balances": {"usd": 500}, "venues": venue, "mark_every": "7s"}
    return run(market, strategy, [spot(name) for name in names], interpret=interpret, **terms)


@pinned
def panel(interpret: bool) -> Result:
    """A rotation by signals that look across instruments, as fractions of the equity, with fees, in cash."""
    names = ("a_usd", "b_usd", "c_usd", "d_usd")
    market = by_close(*(some_candles(seed, 120, name) for seed, name in enumerate(names, 10)))
    change = pl.col("close").pct_change(5).over("instrument")
    best = (change.rank(descending=True).over("time") <= 2).cast(pl.Float64) * 0.5
    signals = bt.Signals(best, size="equity", name="rotation", rebalance="always")
    return run(market, signals, [spot(name) for name in names], venues=bt.Venue(FEES), interpret=interpret)


@pinned
def mixed_intervals(interpret: bool) -> Result:
    """Candles of an hour, of six and a half hours with nights between, and of a day, in one stream."""
    hours = some_candles(20, 72, "a_usd")
    sessions = some_candles(21, 3, "b_usd", start=14.5 * HOUR, length=6.5 * HOUR, gap=17.5 * HOUR)
    market = by_close(hours, sessions, some_candles(22, 3, "c_usd", length=DAY))
    plan = some_orders(23, 150, "a_usd", "b_usd", "c_usd", every=HOUR / 2)
    listed = [spot(name) for name in ("a_usd", "b_usd", "c_usd")]
    return run(market, plan, listed, balances=ONE | {"b": 5, "c": 5}, venues=bt.Venue(FEES), interpret=interpret)


@pinned
def before_1970(interpret: bool) -> Result:
    """Candles and trades across 1970, reported in another asset than most of what is traded is quoted in."""
    names = ("b_a", "b_usd")
    market = [
        by_close(*(some_candles(seed, 100, name, start=BEFORE_1970) for seed, name in enumerate(names, 30))),
        candles(*some_candles(32, 300, "a_usd", start=BEFORE_1970 + 7, length=1000)),
    ]
    wish = pl.when(pl.col("close") > pl.col("close").shift(3)).then(0.01).otherwise(0.0)
    listed = [spot(name) for name in (*names, "a_usd")]
    terms = {"balances": {"usd": 900, "a": 300, "b": 1}, "reporting": "usd", "mark_every": "10m"}
    return run(market, bt.Signals(wish), listed, venues=bt.Venue(FEES), interpret=interpret, **terms)


@pinned
def derivatives(interpret: bool) -> Result:
    """A perpetual with margin and fees per contract beside spot, long and short, not resized, by value in quote."""
    perpetual = spot("a_usd_perp", base="a", quote="usd", kind="perpetual", contract_size="0.1")
    names = ("a_usd_perp", "b_usd")
    market = [some_trades(40, 300, *names), some_quotes(41, 300, *names, every=1.1)]
    dice = Dice(42)
    wishes = [(3.0 * k, names[dice.under(2)], float(dice.under(401) - 150)) for k in range(90)]
    frame = pl.DataFrame(wishes, schema=["time", "instrument", "target"], orient="row")
    signals = bt.Signals(frame.with_columns(time=stamps(frame["time"])), size="notional", resize=False)
    venue = bt.Venue(
        FEES,
        margin=bt.Margin(0.1),
        account="margin",
        taker_fills_on="trades",
        maker_fills_on="quotes",
        fees_by_instrument={"a_usd_perp": bt.Fees(taker=0.0003, per_contract=0.01)},
        margin_by_instrument={"a_usd_perp": bt.Margin(per_contract=2.5)},
    )
    listed = [perpetual, spot("b_usd")]
    return run(market, signals, listed, balances={"usd": 100}, venues=venue, interpret=interpret, mark_every="5s")


@pinned
def inverse(interpret: bool) -> Result:
    """A contract that is settled in its base asset."""
    contract = bt.Instrument(
        "x",
        "a_usd",
        kind="perpetual",
        settlement="a",
        contract_size=10,
        price_increment="0.01",
        quantity_increment=1,
    )
    dice = Dice(51)
    rows = [{"at": 2.0 * k + 0.5, "buy" if dice.under(2) else "sell": 1 + dice.under(9)} for k in range(120)]
    rows = [row | ({"limit": (9_950 + dice.under(100)) / 100} if dice.under(2) else {}) for row in rows]
    venue = bt.Venue(FEES, margin=bt.Margin(0.05))
    market = some_trades(50, 260, "a_usd")
    return run(market, schedule(*rows), contract, balances={"a": 2}, venues=venue, interpret=interpret)


@pinned
def limits_and_stops(interpret: bool) -> Result:
    """Orders that limits refuse or make smaller; a stop that fires, trading that goes on, and stops again."""
    risk = bt.Limits(
        order_quantity=2,
        position_quantity=4,
        open_orders=6,
        order_rate=(3, "6s"),
        price_band=0.004,
        leverage=1.5,
        drawdown=0.004,
        resize=True,
        by_instrument={"b_usd": {"order_notional": 120, "resize": False}},
    )
    names = ("a_usd", "b_usd")
    again = commands(*({"at": float(at), "do": "enable_trading"} for at in range(20, 300, 20)))
    market, plan = some_quotes(60, 300, *names), some_orders(61, 300, *names)
    terms = {"venues": bt.Venue(FEES, account="margin"), "balances": {"usd": 500}, "mark_every": "1s"}
    listed = [spot(name) for name in names]
    return run(market, plan, listed, risk=risk, commands=again, interpret=interpret, **terms)


@pinned
def commanded(interpret: bool) -> Result:
    """Commands, lost links, trading disabled and enabled, hooks, and a shutdown with orders in flight."""
    told = commands(
        {"at": 12, "do": "open", "on": "a_usd", "quantity": 0.5},
        {"at": 20, "do": "open", "on": "b_usd", "quantity": -0.25, "price": 101.0},
        {"at": 31, "do": "market_disconnect", "link": "x"},
        {"at": 45, "do": "cancel_orders", "on": "a_usd"},
        {"at": 60, "do": "close_positions"},
        {"at": 70, "do": "disable_trading"},
        {"at": 85, "do": "enable_trading"},
        {"at": 110, "do": "account_disconnect", "link": "x"},
        {"at": 130, "do": "shutdown"},
    )
    names = ("a_usd", "b_usd")
    hooks = bt.Hooks(on_disconnect=cancel_all_orders, on_trading_disabled=close_all_positions)
    strategy = bt.Compiled(
        make_market, {"size": 0.4}, {"seen": 0}, {"seen": 0}, wake="quote", hooks=hooks, name="maker"
    )
    market, listed = some_quotes(70, 160, *names), [spot(name) for name in names]
    venue = bt.Venue(FEES, LATENCY)
    return run(market, strategy, listed, balances=ONE | {"b": 3}, venues=venue, commands=told, interpret=interpret)


class Trend:
    """A plain Python strategy: follows its own last price at each timer, and cancels what still rests."""

    wake = ("timer:4s", "fill")

    def __init__(self) -> None:
        self._last = 0.0

    def generate_algo_orders(self, state: Any) -> Any:
        now, before = state.price(0) or 0.0, self._last
        self._last = now
        resting = state.open_orders(0)[:1]
        if not now or not before or now == before:
            return resting, ()
        side = 1 if now > before else -1
        return resting, [bt.OrderRequest(0, 0.25 * side), bt.OrderRequest(0, -0.125 * side, round(now, 2))]


def follow(s: Any, my: Any) -> None:
    """Holds the second instrument while it is above its first price."""
    if my.variables.first[0] == 0.0:
        my.variables.first[0] = price(s, 1)
    elif price(s, 1) > my.variables.first[0]:
        target(s, 1, 0.5)
    else:
        target(s, 1, 0.0)


@pinned
def several(interpret: bool) -> Result:
    """Strategies in Python, compiled, as targets and as orders, in one account."""
    targets = pl.DataFrame({"time": stamps(range(5, 200, 9)), "instrument": ["a_usd"] * 22})
    targets = targets.with_columns(target=pl.Series([0.1 * (k % 4) for k in range(22)]))
    strategies = [
        Python(Trend(), "trend"),
        bt.Compiled(follow, variables={"first": 0.0}, wake="timer:4s", name="follow"),
        bt.Signals(targets, name="targets"),
        some_orders(80, 60, "a_usd", "b_usd", every=3.1, name="orders"),
    ]
    market = [some_trades(81, 200, "a_usd", "b_usd"), some_quotes(82, 200, "a_usd", "b_usd", every=0.9)]
    terms = {"balances": ONE | {"b": 2}, "venues": bt.Venue(FEES, bt.Latency(request_ns=250 * MS))}
    return run(market, strategies, [spot("a_usd"), spot("b_usd")], interpret=interpret, **terms)


@pinned
def two_exchanges(interpret: bool) -> Result:
    """One name on two exchanges with other terms, rows that arrive late, and a stream for each."""
    listed = [spot("a_usd", "x", name_exchange="a"), spot("b_usd", "y")]
    first = some_trades(90, 250, "a_usd").frame().collect()
    late = pl.Series([300 * MS * (k * 7 % 5) for k in range(first.height)], dtype=pl.Int64)
    arrived = (first["time_exchange"].to_physical() + late).cum_max().cast(first["time_exchange"].dtype)
    market = [bt.data.trades(first.with_columns(time_received=arrived)), some_quotes(91, 250, "b_usd")]
    venues = {"x": bt.Venue(FEES, LATENCY), "y": bt.Venue(REBATE, account="margin", margin=bt.Margin(0.5))}
    plan = some_orders(92, 250, "a_usd", "b_usd")
    balances = {"x.usd": 700, "y.usd": 200, "a": 2}
    return run(market, plan, listed, balances=balances, venues=venues, reporting="x.usd", interpret=interpret)


def pin(result: Result) -> dict[str, str]:
    """What is pinned of a run: its digest, and of each table rows and the first digits, to find what differs."""
    rows = {name: getattr(result, name).height for name in TABLES}
    each = {name: f"{rows[name]}:{result.digests[name][:16]}" for name in TABLES}
    return {"digest": result.digest} | each


def expected() -> dict[str, dict[str, str]]:
    """The table of pins."""
    head, *rows = (line.split("\t") for line in PINNED.read_text("utf-8").splitlines())
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def differing(found: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """Tables that differ."""
    return [
        f"{name}: {wanted.get(name, 'not pinned')} -> {found[name]}"
        for name in found
        if found[name] != wanted.get(name)
    ]


def main(*arguments: str) -> int:
    """Compare all runs with the table, or write it."""
    wanted = expected() if PINNED.exists() else {}
    found = {name: pin(make(True)) for name, make in RUNS.items()}
    for name, pins in found.items():
        for line in differing(pins, wanted.get(name, {})):
            print(f"{name}: {line}")
    gone = sorted(set(wanted) - set(found))
    print(f"{sum(found[n] == wanted.get(n) for n in found)} of {len(found)} as pinned; no such run: {gone or 'none'}")
    if "--write" not in arguments:
        return int(found != wanted)
    lines = [
        "\t".join(("run", "digest", *TABLES)),
        *("\t".join((name, *pins.values())) for name, pins in found.items()),
    ]
    PINNED.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    print(f"written to {PINNED.name}: give the reason in CHANGELOG.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
