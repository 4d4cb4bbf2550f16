"""What a soak printed, as tables for ``benchmarks/RESULTS.md``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.tables import markdown

_WAYS = {
    "socket_to_sent": "from our socket to the order on its way",
    "socket_to_exchange": "from our socket to the order at the exchange",
    "exchange_to_exchange": "from the exchange's saying the trade to the order there",
}


def page(log: str) -> str:
    """Two tables, of counts and of latencies, from all that a run has printed."""
    told: dict[str, Any] = json.loads(log[log.index("{\n") :])
    trades, orders, memory, faults = (told[name] for name in ("trades", "orders", "memory", "faults"))
    ours, theirs, cpu = memory["mb_by_minute"], memory["exchange_mb_by_minute"], told["cpu_us_a_trade"]
    halfway = ours[len(ours) // 2]
    counts = {
        "trades said, a second": f"{trades['said']:,}, {trades['a_second']:,}",
        "of these over the stream, asked for": f"{trades['over_stream']:,}, {trades['asked_for']:,}",
        "out of order or twice, altered": f"{trades['out_of_order']}, {trades['altered']}",
        "gaps, lost links told": f"{trades['gaps_told']}, {trades['losses_told']}",
        "orders asked for, arrived, fills": f"{orders['asked']:,}, {orders['arrived']:,}, {orders['fills']:,}",
        "differences between both sides": str(len(told["differences"])),
        "requests in a ban, amounts unexplained": f"{orders['sent_while_banned']}, {len(orders['unreconciled'])}",
        "faults": f"{faults['all']:,} of {len(faults) - 1} kinds, {min(faults.values())} or more of each",
        "memory of the client": f"{ours[0]:.0f} MB at first, {halfway:.0f} halfway, {ours[-1]:.0f} in the end, "
        f"{memory['mb_of_tables']:.0f} of it in tables; {memory['mb_with_both_reports']:.0f} with both sides' reports",
        "memory of the exchange": f"{theirs[0]:.0f} MB at first, {theirs[-1]:.0f} in the end",
        "processor's time a trade": f"client {cpu['client']} µs, exchange {cpu['exchange']} µs",
        "failed": ", ".join(told["failed"]) or "nothing",
    }  # fmt: skip
    rows = [
        (way, f"{one['n']:,}", f"{one['p50_us'] / 1000:.1f}", f"{one['p99_us'] / 1000:.1f}",
         f"{calm['n']:,}", f"{calm['p50_us'] / 1000:.1f}", f"{calm['p99_us'] / 1000:.1f}")
        for name, way in _WAYS.items()
        for one, calm in [(told["latency"]["all"][name], told["latency"]["calm"][name])]
    ]  # fmt: skip
    columns = ("ms", "orders", "median", "99 %", "in calm", "median", "99 %")
    return "\n\n".join([markdown(("", ""), counts.items()), markdown(columns, rows)])


def read(path: str) -> str:
    """The page of a log."""
    return page(Path(path).read_text(encoding="utf-8"))
