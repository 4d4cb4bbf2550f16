"""An event is applied whole or not at all, and amounts of any size are right or refused."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barter_bt import protocol as bp
from barter_bt.columns.table import Table
from barter_bt.engine.accounting import notional
from barter_bt.engine.replica import StateReplica, differences
from barter_bt.engine.state.valuation import equity
from barter_bt.errors import BarterBtError, EngineError, StrategyError
from barter_bt.instrument import Instrument
from barter_bt.protocol import Account, AccountEvent, Command, Item, Market, MarketEvent, Side
from barter_bt.risk import Limits
from barter_bt.system import Engine, Strategy
from barter_bt.system.changes import Changes
from tests.system import naive

STEPS: dict[str, Any] = {"price_increment": "0.01", "quantity_increment": "0.001"}
GTC = bp.GoodUntilCancelled(False)
SMALL = ("0", "1", "-1", "0.5", "0.001", "0.0005", "100", "150.01", "1e-10", "1e-18")
EXTREMES = (*SMALL, "4.7e9", "1e10", "1e12", "4.7e14", "1e15", "4.7e18", "1e28", "NaN", "Infinity")

# Nearly everything may be wrong with these: unknown indices, steps off the grid, amounts and times out of range.
AMOUNTS = st.sampled_from([D(text) for text in EXTREMES])
INDICES = st.sampled_from([0, 0, 0, 1, 1, 2, 2, 9])
TIMES = st.sampled_from([-(1 << 64), -5, 0, 1, 2, 3, 1 << 62, 1 << 63])
SIDES, CIDS = st.sampled_from(Side), st.sampled_from(["c", "d"])
TIFS = st.sampled_from([GTC, bp.GoodUntilEndOfDay(), bp.FillOrKill()])
KEYS = st.builds(bp.OrderKey, INDICES, INDICES, st.just("s"), CIDS) | st.builds(
    lambda i, cid: bp.OrderKey((0, 0, 1)[i], i, "s", cid), st.integers(0, 2), CIDS
)
OPEN = st.builds(bp.Open, st.just("id"), TIMES, AMOUNTS)
STATES = st.one_of(
    OPEN, st.just(bp.OpenInFlight()), st.builds(bp.CancelInFlight, st.none() | OPEN), st.just(bp.FullyFilled())
)
ORDERS = st.builds(bp.Order, KEYS, SIDES, AMOUNTS, AMOUNTS, st.sampled_from(bp.OrderKind), TIFS, STATES)
BALANCES = st.builds(bp.AssetBalance, INDICES, st.builds(bp.Balance, AMOUNTS, AMOUNTS), TIMES)
TRADES = st.builds(
    lambda i, time, side, price, quantity, fee: bp.Trade(
        "t", "y", i, "s", time, side, price, quantity, bp.AssetFees(None, fee)
    ),
    INDICES,
    TIMES,
    SIDES,
    AMOUNTS,
    AMOUNTS,
    AMOUNTS,
)
PARTS = st.builds(lambda order: bp.InstrumentAccountSnapshot(order.key.instrument, (order,)), ORDERS)
SNAPSHOTS = st.builds(
    lambda balances, parts: bp.AccountSnapshot(0, tuple(balances), tuple(parts)),
    st.lists(BALANCES, max_size=3),
    st.lists(PARTS, max_size=3),
)
ACCOUNT = st.builds(
    lambda exchange, kind: Account(Item(AccountEvent(exchange, kind))),
    st.sampled_from([0, 1, 7]),
    TRADES | TRADES | BALANCES | ORDERS | SNAPSHOTS,
)
LEVELS = st.none() | st.builds(bp.Level, AMOUNTS, AMOUNTS)
KINDS = st.one_of(
    st.builds(lambda price, amount: bp.PublicTrade("1", float(price), float(amount), Side.BUY), AMOUNTS, AMOUNTS),
    st.builds(bp.OrderBookL1, TIMES, LEVELS, LEVELS),
    st.builds(lambda t, price: bp.Candle(t, *[float(price)] * 4, 1.0, 1), TIMES, AMOUNTS),
)
MARKET = st.builds(
    lambda time, exchange, i, kind: Market(Item(MarketEvent(time, 0, exchange, i, kind))),
    TIMES,
    st.sampled_from(["x", "y", "nowhere"]),
    INDICES,
    KINDS,
)
OPENS = st.builds(
    bp.OrderRequestOpen, KEYS, st.builds(bp.RequestOpen, SIDES, AMOUNTS, AMOUNTS, st.sampled_from(bp.OrderKind), TIFS)
)
COMMANDS = st.one_of(
    st.lists(OPENS, min_size=1, max_size=3).map(lambda opens: bp.SendOpenRequests(tuple(opens))),
    st.builds(bp.CancelOrders, st.builds(bp.Instruments, INDICES)),
    st.just(bp.ClosePositions(bp.NoFilter())),
)
EVENTS = st.one_of(ACCOUNT, ACCOUNT, MARKET, COMMANDS.map(Command), st.just("no event"))


def make(strategy: Strategy | None = None, **options: Any) -> Engine:
    names = [("x", "a_usd"), ("x", "b_usd"), ("y", "a_usd")]
    return Engine([Instrument(*name, **STEPS) for name in names], strategy, **options)


def everything(engine: Engine) -> dict[str, Any]:
    """The whole state, with its audit and journals, and what goes with it."""
    tables = {name: table for name, table in engine.state.tables().items() if isinstance(table, Table)}
    columns = {
        f"{name}.{column}": table.array(column).tobytes()
        for name, table in tables.items()
        for column, code in table.schema.items()
        if code[0] != "*"
    }
    return columns | {
        "book": engine._book.to_dict(list(engine.state.orders.instrument)),
        "units": engine.units.scales,
        "ended": engine.terminated,
    }


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(EVENTS, min_size=1, max_size=12))
def test_an_event_that_is_refused_changes_nothing(events: list[Any]) -> None:
    """State, sequence and audit are as before; of one that is taken the replica knows all."""
    engine = make(balances={"x.usd": D("1.123456789012345678")}, risk=Limits(order_notional=10**6, exposure=10**7))
    replica, taken = StateReplica(engine.state), 0
    for event in events:
        before = everything(engine)
        try:
            audit = engine.process(event)
        except BarterBtError:
            assert everything(engine) == before
            assert engine.state.engine.sequence[0] == taken
            continue
        assert audit.sequence == taken
        taken += 1
        replica.follow(engine.state)
        assert differences(engine.state, replica.state) == []
        if engine.terminated:
            break


# Amounts


def own(side: Side, price: Any, quantity: Any, fee: Any = 0, time: int = 1) -> bp.Trade:
    return bp.Trade("t", f"y{time}", 0, "s", time, side, D(price), D(quantity), bp.AssetFees(None, D(fee)))


def account(kind: Any) -> Account:
    return Account(Item(AccountEvent(0, kind)))


LARGE = st.tuples(
    SIDES, st.integers(1, 10**11), st.integers(1, 10**9), st.integers(-(10**12), 10**12)
)  # price in 0.01, quantity in 0.001, fee in 0.01


@settings(max_examples=100, deadline=None)
@given(trades=st.lists(LARGE, min_size=1, max_size=6), mark=st.integers(1, 10**11))
def test_positions_of_any_size_are_right(trades: list[Any], mark: int) -> None:
    """To the digits that are left of their unit: against exact decimals; up to 4.6e14 in quote they are taken."""
    engine, exact = make(), naive.Positions([D(1)], frozenset())
    replica = StateReplica(engine.state)
    for time, (side, price, quantity, fee) in enumerate(trades):
        one = own(side, D(price) / 100, D(quantity) / 1000, D(fee) / 100, time)
        try:
            engine.process(account(one))
        except EngineError:
            held, dearest = sum(q for _, _, q, _ in trades), max(p for _, p, _, _ in trades)
            assert held * dearest * D("1e-5") + 6 * 10**10 > 4 * 10**14  # a position is held at each price
            return
        exact.trade(0, one)
    public = bp.PublicTrade("1", mark / 100, 1.0, Side.BUY)
    try:
        engine.process(Market(Item(MarketEvent(9, 9, "x", 0, public))))
    except EngineError:
        assert exact.open[0].quantity * mark / 100 > 4 * 10**14
        return
    unit = engine.units.scales.units[engine.index.settlement_assets[0]]
    p = exact.open.get(0)
    if p is None:
        assert engine.position(0) == 0
    else:
        p.mark = D(mark) / 100
        assert abs(engine.position(0)) == p.quantity
        assert abs(engine.realised(0) - p.realised) <= 20 * unit
        assert abs(engine.unrealised(0) - exact.unrealised(0)) <= 20 * unit
    replica.follow(engine.state)
    assert differences(engine.state, replica.state) == []


def test_what_no_unit_can_hold_is_refused() -> None:
    """A position, its value at a price, a balance, orders at work: the error says which, and nothing has changed."""
    engine = make()
    engine.process(account(own(Side.BUY, 10**6, 10**6)))
    public = bp.PublicTrade("1", 1e9, 1.0, Side.BUY)
    too_large = [
        (account(own(Side.BUY, 10**6, 10**9)), "an amount of 'x.usd' would be up to 1e+15"),
        (Market(Item(MarketEvent(9, 9, "x", 0, public))), "an amount of 'x.usd' would be up to 1e+15"),
        (account(bp.AssetBalance("usd", bp.Balance(D(10**15), D(0)), 1)), "an amount of 'x.usd' would be up to 1e+15"),
        (account(own(Side.BUY, "0.01", 10**16)), "the quantity of 'x.a_usd' is 10000000000000000"),
    ]
    for event, message in too_large:
        before = everything(engine)
        with pytest.raises(BarterBtError, match=message.replace("+", r"\+")):
            engine.process(event)
        assert everything(engine) == before


def test_an_older_price_that_comes_to_mark_a_position_is_held_against_the_range_too() -> None:
    """The last price was seen before there was a position, and counts again when a side of the quote is empty."""
    engine = make()
    engine.process(Market(Item(MarketEvent(1, 1, "x", 0, bp.PublicTrade("1", 1e9, 1.0, Side.BUY)))))
    levels = bp.Level(D(1), D(1)), bp.Level(D(2), D(1))
    engine.process(Market(Item(MarketEvent(2, 2, "x", 0, bp.OrderBookL1(2, *levels)))))
    engine.process(account(own(Side.BUY, 1, 10**6, time=3)))
    before = everything(engine)
    with pytest.raises(EngineError, match="would be up to 1e\\+15"):
        engine.process(Market(Item(MarketEvent(4, 4, "x", 0, bp.OrderBookL1(4, levels[0], None)))))
    assert everything(engine) == before
    engine.process(account(own(Side.SELL, 1, 999_900, time=5)))
    engine.process(Market(Item(MarketEvent(6, 6, "x", 0, bp.OrderBookL1(6, levels[0], None)))))
    assert engine.unrealised(0) == 100 * (D(10) ** 9 - 1)


@pytest.mark.parametrize("amount", ["0.0000000001", "1.123456789012345678", "10000000000", "1234567890123.123456789"])
def test_a_balance_has_all_its_digits(amount: str) -> None:
    """As the exchange told it; the columns have it rounded down to units."""
    engine, total = make(), D(amount)
    engine.process(account(bp.AssetBalance("usd", bp.Balance(total, total), 1)))
    assert engine.balance("x.usd") == (total, total, 1)
    usd = engine.index.asset("x.usd")
    unit, units = engine.units.scales.units[usd], engine.state.assets.total[usd]
    assert units * unit <= total < (units + 1) * unit


@pytest.mark.parametrize(
    ("lot", "held", "bought"),
    [("1", "1e15", "4e10"), ("0.01", "1e13", "4e10"), ("0.00000001", "2e10", "2e10")],
    ids=["whole coins", "hundredths", "eight decimals"],
)
def test_accounts_of_cheap_coins_fit(lot: str, held: str, bought: str) -> None:
    """A billion dollars of SHIB, or as many as eight decimals can count; and 1e12 of a quote asset such as the dong."""
    shib = Instrument("x", "shib_vnd", price_increment="0.0001", quantity_increment=lot)
    engine = Engine([shib])
    engine.process(account(bp.AssetBalance("shib", bp.Balance(D(held), D(held)), 1)))
    engine.process(account(bp.AssetBalance("vnd", bp.Balance(D("1e12"), D("1e12")), 1)))
    engine.process(account(own(Side.BUY, "0.2", bought)))
    engine.process(account(own(Side.SELL, "0.3", "1e10", time=2)))
    assert (engine.position(0), engine.realised(0)) == (D(bought) - D("1e10"), D("1e9"))
    assert engine.balance("shib")[0] == D(held)


@pytest.mark.parametrize("asset", ["btc", "eth", "usdt"])
def test_a_coarser_unit_changes_no_value(asset: str) -> None:
    """Not the equity, across instruments, nor a position, nor what an order would be worth: only what they count in."""
    names = ("btc_usdt", "eth_btc")
    engine = Engine([Instrument("x", name, **STEPS) for name in names], risk=Limits(order_notional=D("0.5")))
    index, s, reporting = engine.index, engine.state, engine.state.engine.reporting[0]
    for i, price in enumerate((20_000.0, 0.06)):
        fees = bp.AssetFees(None, D("0.01"))
        engine.process(account(bp.Trade("t", f"y{i}", i, "s", 1, Side.BUY, D("0.05"), D(3), fees)))
        engine.process(account(bp.AssetBalance(names[i][:3], bp.Balance(D(7), D(7)), 1)))
        engine.process(Market(Item(MarketEvent(1, 1, "x", i, bp.PublicTrade("1", price, 1.0, Side.BUY)))))

    def values() -> list[D]:
        units = engine.units.scales.units
        worth = [notional(s.terms, i, 5_000, 600) * units[index.settlement_assets[i]] for i in (0, 1)]
        limits = [s.limits.order_notional[i] * units[index.settlement_assets[i]] for i in (0, 1)]
        shown = [engine.realised(i) for i in (0, 1)] + [engine.unrealised(i) for i in (0, 1)]
        return [equity(s) * units[reporting], *worth, *limits, *shown]

    before, changes = values(), Changes(s, index, engine.units)
    assert before[0] == 7 * 20_000 + 7 * D("0.06") * 20_000
    changes.hold(index.asset(asset), 10**20)
    changes.check()
    changes.apply()
    assert engine.units.scales.units[index.asset(asset)] == D("1e-7")
    assert values() == before


def test_a_coarser_unit_is_saved(tmp_path: Path) -> None:
    """An engine that goes on from a file counts as the one that wrote it, with limits in the same money."""
    first, second = (make(risk=Limits(order_notional=5 * 10**9)) for _ in range(2))
    first.process(account(own(Side.BUY, 10**8, 47)))
    first.save(tmp_path / "engine.npz")
    second.load(tmp_path / "engine.npz")
    for engine in (first, second):
        (closed,) = engine.process(account(own(Side.SELL, 11 * 10**7, 47, time=2))).outputs
        assert (closed.price_entry_average, closed.pnl_realised) == (D(10**8), D(470_000_000))  # type: ignore[union-attr]
    assert differences(first.state, second.state) == []
    usd = second.index.settlement_assets[0]
    assert second.state.limits.order_notional[0] * second.units.scales.units[usd] == 5 * 10**9


# What the strategy does


class Wrong(Strategy):
    """Asks for an order off the grid, after one that is right."""

    def generate_algo_orders(self, engine: Engine) -> Any:
        return (), [self.open(D(1), "right"), self.open(D("0.0001"), "wrong")]

    def open(self, quantity: D, cid: str) -> bp.OrderRequestOpen:
        terms = bp.RequestOpen(Side.BUY, D(1), quantity, bp.OrderKind.LIMIT, GTC)
        return bp.OrderRequestOpen(bp.OrderKey(0, 0, "s", cid), terms)


def test_an_event_stands_whatever_the_strategy_asks_for() -> None:
    """What came from outside is applied whole; of what the strategy asked for at one time nothing is sent."""
    sent: list[Any] = []
    engine = make(Wrong(), trading=bp.TradingState.ENABLED, send=sent.append)
    with pytest.raises(
        StrategyError, match="the strategy asked for what cannot be: the quantity of 'x.a_usd' is 0.0001"
    ):
        engine.process(account(own(Side.BUY, 1, 1)))
    assert (engine.position(0), engine.orders(0), sent) == (1, [], [])
    assert engine.state.engine.sequence[0] == 1
    quiet = make()
    quiet.process(account(own(Side.BUY, 1, 1)))
    assert differences(engine.state, quiet.state) == ["engine.trading"]


def test_a_command_to_close_stands_whatever_the_strategy_asks_for() -> None:
    class Closes(Wrong):
        def close_positions(self, engine: Engine, instruments: Any) -> Any:
            return self.generate_algo_orders(engine)

    sent: list[Any] = []
    engine = make(Closes(), send=sent.append)
    with pytest.raises(StrategyError, match="the strategy asked for what cannot be"):
        engine.process(Command(bp.ClosePositions(bp.NoFilter())))
    assert (engine.state.engine.sequence[0], len(engine.state.audits), sent) == (1, 1, [])


def test_what_was_sent_before_sending_failed_is_in_flight() -> None:
    """The exchange has the first order, and the engine knows it."""

    def send(request: Any) -> None:
        if request.key.cid == "lost":
            raise ConnectionError("reset by peer")

    engine = make(send=send)
    opens = tuple(Wrong().open(D(1), cid) for cid in ("there", "lost", "never"))
    with pytest.raises(ConnectionError):
        engine.process(Command(bp.SendOpenRequests(opens)))
    assert [order.key.cid for order in engine.orders(0)] == ["there"]
