"""hftbacktest: a grid of limit orders on a real capture; run as ``python hftbacktest_grid.py MODEL LATENCY_NS DIR``.

Reads ``events.*.npy`` (kind, time, side, price, amount) and ``grid.*.npy`` (time, side, price; orders of one time are
one step, and are cancelled at the next), writes ``fills.*.npy`` (order, time), prints a line of JSON.
"""

import json
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

import hftbacktest as hft
import numpy as np
from hftbacktest import FILLED, GTX, LIMIT, Recorder
from numba import njit

TICK, LOT, RUNS = 0.1, 0.001, 3
KINDS = np.array([hft.TRADE_EVENT, hft.DEPTH_EVENT, hft.DEPTH_SNAPSHOT_EVENT], np.uint64)


def columns(folder: Path, name: str) -> dict[str, np.ndarray]:
    """The columns of one set."""
    return {file.name.split(".")[1]: np.load(file) for file in folder.glob(f"{name}.*.npy")}


def feed(events: dict[str, np.ndarray]) -> np.ndarray:
    """Its own rows: exchange and strategy see everything at once."""
    rows = np.zeros(len(events["time"]), hft.binding.event_dtype)
    sides = np.where(events["side"] > 0, np.uint64(hft.BUY_EVENT), np.uint64(hft.SELL_EVENT))
    rows["ev"] = KINDS[events["kind"]] | sides | np.uint64(hft.EXCH_EVENT) | np.uint64(hft.LOCAL_EVENT)
    rows["exch_ts"] = rows["local_ts"] = events["time"]
    rows["px"], rows["qty"] = events["price"], events["amount"]
    return rows


def engine_of(rows: np.ndarray, model: str, latency_ns: int):
    """The engine with a model of queues and the same latency both ways."""
    asset = hft.BacktestAsset().data(rows).linear_asset(1.0).constant_order_latency(latency_ns, latency_ns)
    family, _, n = model.rpartition(" ")
    if model == "conservative":
        asset = asset.risk_adverse_queue_model()
    elif family == "power":
        asset = asset.power_prob_queue_model(float(n))
    elif family == "relative power":
        asset = asset.power_prob_queue_model3(float(n))
    else:
        asset = asset.log_prob_queue_model()
    asset = asset.no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0).tick_size(TICK).lot_size(LOT)
    return hft.HashMapMarketDepthBacktest([asset])


@njit
def loop(engine, recorder, steps, starts, side, price, order, filled):
    """One step after another: note fills, cancel, send."""
    found = 0
    engine.elapse(1)
    for step in range(len(steps)):
        engine.elapse(steps[step] - engine.current_timestamp)
        recorder.record(engine)
        values = engine.orders(0).values()
        while values.has_next():
            one = values.get()
            if one.status == FILLED:
                order[found], filled[found] = one.order_id - 1, one.exch_timestamp
                found += 1
            elif one.cancellable:
                engine.cancel(0, one.order_id, False)
        engine.clear_inactive_orders(0)
        for row in range(starts[step], starts[step + 1]):
            if side[row] > 0:
                engine.submit_buy_order(0, row + 1, price[row], LOT, GTX, LIMIT, False)
            else:
                engine.submit_sell_order(0, row + 1, price[row], LOT, GTX, LIMIT, False)
    return found


def main() -> None:
    """Three timed runs behind one that compiles."""
    model, latency_ns, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    rows, grid = feed(columns(folder, "events")), columns(folder, "grid")
    steps, starts = np.unique(grid["time"], return_index=True)
    # Two more, without orders: fills of the last are told with a delay.
    steps = np.concatenate((steps, steps[-1] + np.array([1, 2]) * (steps[1] - steps[0])))
    starts = np.concatenate((starts, np.full(3, len(grid["time"]))))
    seconds = []
    for _ in range(RUNS + 1):
        order, filled = (np.zeros(len(grid["time"]), np.int64) for _ in range(2))
        engine, recorder = engine_of(rows, model, latency_ns), Recorder(1, len(steps) + 1)
        begins = time.perf_counter()
        found = loop(engine, recorder.recorder, steps, starts, grid["side"], grid["price"], order, filled)
        seconds.append(time.perf_counter() - begins)
        trades = engine.state_values(0).num_trades
        engine.close()
        if trades != found:
            raise RuntimeError(f"{found} fills were seen of {trades}")
    np.save(folder / "fills.order.npy", order[:found])
    np.save(folder / "fills.time.npy", filled[:found])
    told = {"seconds": statistics.median(seconds[1:]), "rows": len(rows), "version": version("hftbacktest")}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
