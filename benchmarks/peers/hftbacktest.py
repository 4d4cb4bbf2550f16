"""hftbacktest: tick replay, from a compiled loop and from a plain Python loop, and of many sets in processes."""

import numpy as np
from _answers import SWEEP_TRADES, sweep_every
from _harness import BOOK, CASH, EVERY, FAR, FEE, Data, Job, main

TOTALS = "running totals only: no order log, no trade log, no equity curve"
PYTHON_EVENTS = 2_000_000
LEVEL = 1e6
"""Size of the levels of the trades-only case, whose book no trade moves: more than all orders together."""


def _rows(times, flags, price, amount):
    """Feed rows that exchange and strategy see at once, so without feed latency."""
    import hftbacktest as hft

    rows = np.zeros(len(price), hft.binding.event_dtype)
    rows["ev"] = flags | hft.EXCH_EVENT | hft.LOCAL_EVENT
    rows["exch_ts"] = rows["local_ts"] = times
    rows["px"], rows["qty"] = price, amount
    return rows


def _trades(columns, mine):
    """One row per trade of one instrument."""
    import hftbacktest as hft

    side = np.where(columns["side"][mine] == 0, hft.BUY_EVENT, hft.SELL_EVENT)
    times, price = columns["time_exchange"][mine], columns["price"][mine]
    return _rows(times, hft.TRADE_EVENT | side, price, columns["amount"][mine])


def _quotes(columns, mine):
    """Two to four rows per quote: the new levels, then the old ones that are gone.

    The engine ignores its own best-bid-and-offer event in a backtest, so a level that
    is no longer the best has to be taken out by a row of size zero. New before old:
    the other way round the engine would search the empty side of the book.
    """
    import hftbacktest as hft

    times = columns["time_exchange"][mine]
    parts, keep = [], []
    for gone in (False, True):
        for key, flag in (("bid", hft.BUY_EVENT), ("ask", hft.SELL_EVENT)):
            price, amount = columns[f"{key}_price"][mine], columns[f"{key}_amount"][mine]
            old = np.concatenate((price[:1], price[:-1]))
            shown = (old, 0.0) if gone else (price, amount)
            parts.append(_rows(times, hft.DEPTH_EVENT | flag, *shown))
            keep.append(old != price if gone else np.ones(len(price), np.bool_))
    return np.stack(parts, 1).reshape(-1)[np.stack(keep, 1).reshape(-1)]


def _book(time):
    """The two levels that the trades-only case fills from."""
    import hftbacktest as hft

    flags = np.array([hft.BUY_EVENT, hft.SELL_EVENT]) | hft.DEPTH_EVENT
    return _rows(np.full(2, time), flags, np.array(BOOK), np.full(2, LEVEL))


def _sealed(feeds):
    """One more row after the end: the engine reports the end of its data in place of the last event."""
    last = max(feed["exch_ts"][-1] for feed in feeds) + 1
    tail = feeds[0][-1:].copy()
    tail["exch_ts"] = tail["local_ts"] = last
    return [np.concatenate((feeds[0], tail)), *feeds[1:]]


def _build(feeds):
    """The engine over one feed per instrument, in the vector depth that its manual calls the fast one."""
    import hftbacktest as hft

    assets = [
        hft.BacktestAsset()
        .data(feed)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(FEE, FEE)
        .tick_size(0.01)
        .lot_size(0.001)
        .roi_lb(50.0)
        .roi_ub(200.0)
        for feed in feeds
    ]
    return hft.ROIVectorMarketDepthBacktest(assets)


def _replay(data: Data, quotes: bool, one: bool = False) -> Job:
    """A compiled loop woken at each event, a market order at every thousandth.

    ``one`` makes all events those of one instrument: the engine is fastest with one feed.
    """
    from hftbacktest import GTC, LIMIT, MARKET
    from numba import njit

    trades = data("trades")
    book = data("quotes") if quotes else None
    for columns in (trades, book):
        if one and columns is not None:
            columns["instrument"][:] = 0
    width = int(trades["instrument"].max()) + 1
    feeds = []
    for which in range(width):
        rows = _trades(trades, trades["instrument"] == which)
        if book is None:
            # With the first trade's own time: it wakes the strategy no extra time.
            rows = np.concatenate((_book(rows["exch_ts"][0]), rows))
        else:
            rows = np.concatenate((_quotes(book, book["instrument"] == which), rows))
            rows = rows[np.argsort(rows["exch_ts"], kind="stable")]
        feeds.append(rows)
    feeds = _sealed(feeds)
    instrument = trades["instrument"]
    if book is not None:
        order = np.argsort(np.concatenate((book["time_exchange"], trades["time_exchange"])), kind="stable")
        instrument = np.concatenate((book["instrument"], trades["instrument"]))[order]
    n = len(instrument)
    due = np.ascontiguousarray(instrument[EVERY - 1 :: EVERY])

    @njit
    def loop(engine, due, resting):
        seen = 0
        placed = np.zeros(engine.num_assets, np.bool_)
        while engine.wait_next_feed(False, 1 << 62) == 2:
            seen += 1
            if resting and seen < EVERY:
                for asset in range(engine.num_assets):
                    bid = engine.depth(asset).best_bid
                    if not placed[asset] and bid > 0:
                        engine.submit_buy_order(asset, 1, bid - FAR, 1.0, GTC, LIMIT, False)
                        placed[asset] = True
            if seen % EVERY == 0:
                asset = due[seen // EVERY - 1]
                depth = engine.depth(asset)
                if engine.position(asset) > 0:
                    engine.submit_sell_order(asset, 1 + seen, depth.best_bid, 1.0, GTC, MARKET, False)
                else:
                    engine.submit_buy_order(asset, 1 + seen, depth.best_ask, 1.0, GTC, MARKET, False)
                engine.clear_inactive_orders(asset)
        return seen

    engine = None

    def prepare():
        nonlocal engine
        engine = _build(feeds)

    def run():
        seen = loop(engine, due, quotes)
        if seen != n:
            raise RuntimeError(f"the strategy was woken {seen} times for {n} events")
        orders, equity = 0, CASH
        for asset in range(width):
            state, depth = engine.state_values(asset), engine.depth(asset)
            orders += state.num_trades
            middle = (depth.best_bid + depth.best_ask) / 2
            equity += state.balance + state.position * middle - state.fee
        engine.close()
        return orders, equity

    def compile_loop():
        little = _build([feed[: 10 * EVERY] for feed in feeds])
        loop(little, due, quotes)
        little.close()

    rest = f"fills from a fixed book {BOOK}"
    if quotes:
        rows = sum(map(len, feeds))
        rest = f"one limit order per instrument rests all the time; {rows} feed rows for the {n} events"
    return Job(run, n, f"{TOTALS}; {rest}", prepare, compile_loop)


def _sweep(data: Data) -> Job:
    """The replay with a hundred sets, by a pool of processes that share the feed: one for each processor."""
    import multiprocessing
    import os

    from hftbacktest import GTC, MARKET
    from numba import njit

    trades = data("trades", SWEEP_TRADES)
    rows = _trades(trades, slice(None))
    (feed,) = _sealed([np.concatenate((_book(rows["exch_ts"][0]), rows))])
    n, sets = len(rows), sweep_every()

    @njit
    def loop(engine, every):
        seen = 0
        while engine.wait_next_feed(False, 1 << 62) == 2:
            seen += 1
            if seen % every == 0:
                depth = engine.depth(0)
                if engine.position(0) > 0:
                    engine.submit_sell_order(0, 1 + seen, depth.best_bid, 1.0, GTC, MARKET, False)
                else:
                    engine.submit_buy_order(0, 1 + seen, depth.best_ask, 1.0, GTC, MARKET, False)
                engine.clear_inactive_orders(0)
        return seen

    def one(every, some=feed):
        engine = _build([some])
        loop(engine, every)
        state, depth = engine.state_values(0), engine.depth(0)
        middle = (depth.best_bid + depth.best_ask) / 2
        end = CASH + state.balance + state.position * middle - state.fee
        engine.close()
        return state.num_trades, end

    def work(share, out):
        out.put([one(every) for every in share])

    def run():
        fork, count = multiprocessing.get_context("fork"), os.cpu_count() or 1
        out = fork.SimpleQueue()
        processes = [fork.Process(target=work, args=(sets[k::count], out)) for k in range(count)]
        for process in processes:
            process.start()
        found = [each for _ in processes for each in out.get()]
        for process in processes:
            process.join()
        return sum(orders for orders, _ in found), float(np.mean([end for _, end in found]))

    note = f"{TOTALS}; {len(sets)} sets x {n:,} trades, fills from a fixed book {BOOK}"
    return Job(run, n * len(sets), note, compile=lambda: one(EVERY, feed[: 10 * EVERY]))


def _python(data: Data) -> Job:
    """A plain Python loop around the engine, woken at each trade, no orders."""
    trades = data("trades", PYTHON_EVENTS)
    n = len(trades["price"])
    width = int(trades["instrument"].max()) + 1
    feeds = _sealed([_trades(trades, trades["instrument"] == which) for which in range(width)])
    engine = None

    def prepare():
        nonlocal engine
        engine = _build(feeds)

    def run():
        seen, wait = 0, engine.wait_next_feed
        while wait(False, 1 << 62) == 2:
            seen += 1
        if seen != n:
            raise RuntimeError(f"the strategy was woken {seen} times for {n} events")
        engine.close()
        return 0, CASH

    return Job(run, n, "the strategy only counts: nothing of the event is read", prepare)


main(
    "hftbacktest",
    "hftbacktest",
    {
        "replay_compiled": lambda data: _replay(data, quotes=False),
        "replay_compiled:one": lambda data: _replay(data, quotes=False, one=True),
        "replay_quotes": lambda data: _replay(data, quotes=True),
        "replay_quotes:one": lambda data: _replay(data, quotes=True, one=True),
        "replay_python": _python,
        "sweep_compiled": _sweep,
    },
)
