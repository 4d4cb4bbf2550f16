"""nautilus_trader: bars and trades through its engine, one Python call per event."""

import numpy as np
from _harness import CASH, EVERY, FEE, Data, Job, main

EVENTS = 500_000
NOTE = "orders, fills and positions kept as objects; no equity curve; analysis after the run switched off"


def _instrument(name):
    """A share quoted in a currency of eight decimals, so that fees are not rounded to cents."""
    from decimal import Decimal

    from nautilus_trader.model.currencies import USDT
    from nautilus_trader.model.identifiers import InstrumentId, Symbol
    from nautilus_trader.model.instruments import Equity
    from nautilus_trader.model.objects import Price, Quantity

    return Equity(
        instrument_id=InstrumentId.from_str(f"{name}.SIM"),
        raw_symbol=Symbol(name),
        currency=USDT,
        price_precision=4,
        price_increment=Price.from_str("0.0001"),
        lot_size=Quantity.from_int(1),
        margin_init=Decimal("0.01"),
        margin_maint=Decimal("0.01"),
        maker_fee=Decimal(str(FEE)),
        taker_fee=Decimal(str(FEE)),
        ts_event=0,
        ts_init=0,
    )


def _job(instruments, feed, make_strategy, note=NOTE):
    """A fresh engine before each run; the data objects are made once, and both are untimed."""
    from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.config import LoggingConfig, RiskEngineConfig
    from nautilus_trader.model.currencies import USDT
    from nautilus_trader.model.enums import AccountType, OmsType
    from nautilus_trader.model.identifiers import Venue
    from nautilus_trader.model.objects import Money

    engine = strategy = None
    wakes = len(feed)

    def prepare():
        nonlocal engine, strategy
        if engine is not None:
            engine.dispose()
        engine = BacktestEngine(
            BacktestEngineConfig(
                logging=LoggingConfig(bypass_logging=True),
                # With the risk engine on, its default limit of 100 orders a second denies orders.
                risk_engine=RiskEngineConfig(bypass=True),
                run_analysis=False,
            )
        )
        engine.add_venue(
            Venue("SIM"),
            OmsType.NETTING,
            AccountType.MARGIN,
            [Money(CASH, USDT)],
            base_currency=USDT,
            trade_execution=True,
        )
        for instrument in instruments:
            engine.add_instrument(instrument)
        engine.add_data(feed, sort=False)
        strategy = make_strategy()
        engine.add_strategy(strategy)

    def run():
        engine.run()
        if strategy.seen != wakes:
            raise RuntimeError(f"the strategy was woken {strategy.seen} times for {wakes} events")
        equity = engine.portfolio.account(Venue("SIM")).balance_total(USDT).as_double()
        for instrument in instruments:
            gain = engine.portfolio.unrealized_pnl(instrument.id)
            equity += gain.as_double() if gain else 0.0
        return engine.kernel.cache.orders_closed_count(), equity

    return Job(run, wakes, note, prepare)


def _signals(data: Data, own: bool) -> Job:
    """SMA 20/50 on one million bars, with the tool's own averages or on shared signals."""
    import pandas as pd
    from nautilus_trader.indicators import SimpleMovingAverage
    from nautilus_trader.model.data import BarType
    from nautilus_trader.model.enums import OrderSide
    from nautilus_trader.persistence.wranglers import BarDataWrangler
    from nautilus_trader.trading.strategy import Strategy

    columns, shared = data("candles"), data("signals")
    # 1 enters, 2 leaves: one look-up per bar in place of two.
    signal = bytes(shared["entries"] + 2 * shared["exits"].astype(np.uint8))
    instrument = _instrument("A")
    kind = BarType.from_str("A.SIM-1-MINUTE-LAST-EXTERNAL")
    frame = pd.DataFrame({key: columns[key] for key in ("open", "high", "low", "close", "volume")})
    frame.index = pd.to_datetime(columns["time_close"], unit="s", utc=True)
    feed = BarDataWrangler(kind, instrument).process(frame)

    class Cross(Strategy):
        def on_start(self):
            self.seen, self.held, self.above = 0, False, 0
            self.one = instrument.make_qty(1)
            if own:
                self.fast, self.slow = SimpleMovingAverage(20), SimpleMovingAverage(50)
                self.register_indicator_for_bars(kind, self.fast)
                self.register_indicator_for_bars(kind, self.slow)
            self.subscribe_bars(kind)

        def on_bar(self, bar):
            row = self.seen
            self.seen = row + 1
            if own:
                if not self.slow.initialized:
                    return
                fast, slow = self.fast.value, self.slow.value
                above = 1 if fast > slow else 2 if fast < slow else 3
                move = above if self.above and above not in (self.above, 3) else 0
                self.above = above
            else:
                move = signal[row]
            if move == 1 and not self.held:
                self.held = True
                self.submit_order(self.order_factory.market(instrument.id, OrderSide.BUY, self.one))
            elif move == 2 and self.held:
                self.held = False
                self.submit_order(self.order_factory.market(instrument.id, OrderSide.SELL, self.one))

    return _job([instrument], feed, Cross)


def _trades(data: Data, orders: bool) -> Job:
    """A Python call at each trade of three instruments, with or without orders."""
    import pandas as pd
    from nautilus_trader.model.enums import OrderSide
    from nautilus_trader.persistence.wranglers import TradeTickDataWrangler
    from nautilus_trader.trading.strategy import Strategy

    columns = data("trades", EVENTS)
    instruments = [_instrument(name) for name in "ABC"[: int(columns["instrument"].max()) + 1]]
    feed = []
    for which, instrument in enumerate(instruments):
        mine = columns["instrument"] == which
        frame = pd.DataFrame({"price": columns["price"][mine], "quantity": np.ceil(columns["amount"][mine])})
        frame["buyer_maker"], frame["trade_id"] = columns["side"][mine] == 1, np.flatnonzero(mine).astype(str)
        frame.index = pd.to_datetime(columns["time_exchange"][mine], unit="ns", utc=True)
        feed += TradeTickDataWrangler(instrument).process(frame)
    feed.sort(key=lambda tick: tick.ts_init)

    class Replay(Strategy):
        def on_start(self):
            self.seen, self.held, self.one = 0, set(), instruments[0].make_qty(1)
            for instrument in instruments:
                self.subscribe_trade_ticks(instrument.id)

        def on_trade_tick(self, tick):
            self.seen += 1
            if not orders or self.seen % EVERY:
                return
            side = OrderSide.SELL if tick.instrument_id in self.held else OrderSide.BUY
            self.held ^= {tick.instrument_id}
            self.submit_order(self.order_factory.market(tick.instrument_id, side, self.one))

    note = NOTE + "; its strategies are Python, none is compiled" if orders else "the strategy only counts"
    return _job(instruments, feed, Replay, note)


main(
    "nautilus_trader",
    "nautilus_trader",
    {
        "sma_cross": lambda data: _signals(data, own=True),
        "sma_cross:signals": lambda data: _signals(data, own=False),
        "replay_compiled": lambda data: _trades(data, orders=True),
        "replay_python": lambda data: _trades(data, orders=False),
    },
)
