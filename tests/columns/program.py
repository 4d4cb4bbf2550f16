"""A user's script: run by the cache tests in a process of its own, sometimes with an edit.

Its arguments are what was edited. It prints what it found as one JSON object.
"""

import enum
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import FunctionType, ModuleType

import polars as pl

import barter_bt as bt
from barter_bt.columns import entry, kernel
from barter_bt.columns.block import Block
from barter_bt.columns.column import I64
from barter_bt.columns.table import Table
from barter_bt.engine import report
from barter_bt.strategy.api import buy

EDITS = set(sys.argv[1:])
LOTS = 3 if "constant" in EDITS else 1


settings = ModuleType("settings")  # as if imported
settings.SCALE = 4 if "module" in EDITS else 0


class Mode(enum.IntEnum):
    """A constant in an enumeration."""

    FAST = 9 if "enum" in EDITS else 0


class Cell(Table):
    """One number."""

    value: I64


class Box(Block):
    """The state of a small kernel."""

    cell: Cell


def helper(x: int) -> int:
    """What a kernel calls."""
    return x + 1


if "helper" in EDITS:

    def helper(x: int) -> int:
        """The same, edited."""
        return x + 2


def make(step: int) -> FunctionType:
    """A kernel with a closure."""

    def small(a: Box, b: Box, c: Box, d: Box) -> int:
        a.cell.value[0] = helper(a.cell.value[0]) * 100 + step * 10 + LOTS + settings.SCALE + Mode.FAST
        return 0

    return small


def run_small() -> dict:
    """A small kernel over a block."""
    box, small = Box(cell=Cell(1)), make(7 if "closure" in EDITS else 5)
    entry.compile_entry(small, (Box,) * 4, {})(*(box.address,) * 4)
    return {"value": box.cell.value[0], "digest": kernel.digest(small)}


update_order_from_fill = report.update_order_from_fill


def filled_twice(s, order, lots, quantity, status):
    """Stands for an edit of the engine's own function."""
    update_order_from_fill(s, order, 2 * lots, quantity, status)


def generate(s, my):
    """One market buy at the first trade or bar."""
    if my.variables.calls[0] == 0:
        buy(s, 0, 2.0)
    my.variables.calls[0] += 1


def calls_of(llvm: str) -> dict:
    """Names that each compiled function of the engine's hot path calls; `run` is merged into the entry."""
    found, hot = {}, ("_ZN9barter_bt10simulation6replay", "_ZN9barter_bt7columns5entry")
    for body in re.split(r"\n(?=define )", llvm):
        name = body.split("@", 1)[1].split("(", 1)[0] if body.startswith("define ") else ""
        if name.startswith(hot):
            found[name] = sorted(set(re.findall(r"call [^@\n]*@\"?([\w.]+)", body)))
    return found


def run_engine() -> dict:
    """A backtest with a compiled strategy."""
    if "engine" in EDITS:
        report.update_order_from_fill = filled_twice
    time = pl.Series([1, 2, 3], dtype=pl.Int64).cast(pl.Datetime("ns", "UTC"))
    frame = pl.DataFrame({"time_exchange": time, "price": [100.0] * 3, "amount": [5.0] * 3})
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    strategy = bt.Compiled(generate, variables={"calls": 0}, wake="trade")
    trades = bt.data.trades(frame, instrument="a_usd")
    venue = bt.Venue(fees=bt.Fees(taker=0.01))
    result = bt.backtest(trades, one, strategy, balances={"usd": 1000}, venues=venue, interpret=False)
    keep.append(result)
    return {"filled": result.state.orders.filled[0], "equity": result.equity["equity"][-1]}


STRATEGIES = [
    lambda: bt.Compiled(generate, variables={"calls": 0}, wake="bar_close"),
    lambda: bt.Signals((pl.col("close") > pl.col("close").rolling_mean(9)) * 1.0),
]


def run_threads() -> dict:
    """One simulation in four threads that start together, and in many turns after; and what they compiled."""
    bars = bt.data.candles(bt.data.generate.candles(300, instrument="a_usd"))
    given = (bars, bt.Instrument("x", "a_usd", price_increment="0.0001"))
    simulation, together = bt.Simulation(*given, balances={"usd": 10_000}, interpret=False), Barrier(4)

    def first(k: int) -> str:
        together.wait()
        return digest(k)

    def digest(k: int) -> str:
        return simulation.run(STRATEGIES[k % 2]()).digest

    with ThreadPoolExecutor(4) as pool:
        digests = [*pool.map(first, range(4)), *pool.map(digest, range(40))]
    alone = [bt.backtest(*given, make(), balances={"usd": 10_000}, interpret=True).digest for make in STRATEGIES]
    calls = calls_of("\n".join(map(llvm_of, entry._entries.values())))
    return {"digests": digests, "alone": alone, "calls": calls}


def llvm_of(entry: object) -> str:
    """The intermediate code of a compiled entry."""
    return "\n".join(entry.inspect_llvm().values())


keep: list = []
found = {"small": run_small()}
if "threads" in EDITS:
    found["threads"] = run_threads()
if {"whole", "engine"} & EDITS:
    found["engine"] = run_engine()
print(json.dumps(found))
result = keep.pop() if keep else None  # lives until the interpreter ends
