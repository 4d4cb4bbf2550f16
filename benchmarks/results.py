"""``RESULTS.md``: the machine, the targets, and each case beside the other tools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from barter_bt.version import VERSION
from benchmarks import goals
from benchmarks.machine import machine
from benchmarks.measure import Entry
from benchmarks.tables import count, markdown, number
from benchmarks.targets import compare

INTRO = """\
# Results

Written by `python -m benchmarks --peers`; every figure is of that one run. Times are the median of three calls after
a warm-up in one process (one call where the first takes more than ten seconds; whole processes for `start_…` and
`memory_parquet…`). They contain all that `backtest` does, with its checks of the data, and the conversion of orders,
trades, positions, balances and equity to tables; for `sma_cross` also the summary and the stream from the frame. They
do not contain imports, the making of data, and compilation (`compile` below is the look-up of what is compiled
already). Compiled strategies of the replays are compiled into the loop (`Simulation.compile`), as a user would who runs
them often; in `replay_linked` the loop, compiled once for all strategies, calls the strategy instead. Peak memory is
that of the process above what it had just before the run, with its data loaded. A number of orders and a final equity
that are known from plain NumPy (`peers/_answers.py`) decide whether a tool did the same work. Times of tools that ran
fewer events are compared per event."""

TOOLS = ("tool", "version", "n", "seconds", "M/s", "× ours", "peak MB", "same work", "note")
OURS = ("case", "n", "seconds", "M/s", "× sum", "peak MB", "orders", "final equity", "note")
STARTS = ("case", "seconds", "what")


def render(ours: Sequence[Entry], peers: Sequence[Entry], profiles: str = "") -> str:
    """The whole page; ``profiles`` is the section of that name, if there is one."""
    by_case = {entry["case"]: entry for entry in ours}
    parts = [INTRO, "## Machine", markdown(("", ""), machine(peers).items()), "## Targets", _targets(ours)]
    if beside := goals.table(ours, peers):
        parts += ["## Beside other tools", beside]
    shown = set()
    for case in dict.fromkeys(_ours_of(entry) for entry in peers):
        shown.add(case)
        rows = [entry for entry in peers if _ours_of(entry) == case]
        parts += [f"## {case}", _case(by_case.get(case), rows)]
    starts = [entry for entry in ours if entry["case"].startswith(("start", "figures", "audit"))]
    rest = [entry for entry in ours if entry["case"] not in shown and entry not in starts]
    if rest:
        parts += ["## Cases without another tool", markdown(OURS, map(_alone, rest))]
    if starts:
        parts += ["## Starts, figures, audit", markdown(STARTS, [_start(entry) for entry in starts])]
    return "\n\n".join(filter(None, [*parts, profiles])) + "\n"


def _ours_of(entry: Entry) -> str:
    """Our case that a peer's entry is compared with: a run on shared signals with ours on them."""
    return f"{entry['case']}_signals" if "signals" in entry["variant"] else str(entry["case"])


def _targets(ours: Iterable[Entry]) -> str:
    rows = []
    for one in compare({entry["case"]: entry for entry in ours}):
        target = one.target
        sign = "≥" if target.at_least else "≤"
        measured = "–" if one.measured is None else f"{number(one.measured)} {target.unit}"
        told = "yes" if one.reached else f"no: {one.told}"
        rows.append((target.case, target.what, f"{sign} {target.bound:g} {target.unit}", measured, told))
    return markdown(("case", "figure", "target", "measured", "reached"), rows)


def _case(ours: Entry | None, peers: Iterable[Entry]) -> str:
    """Ours first, then the others from the fastest on; failures last."""
    rows = []
    if ours is not None:
        rows.append(_row({"tool": "**barter_bt**", "version": VERSION, "variant": "", **ours}, ours))
    ordered = sorted(peers, key=lambda entry: -entry.get("rate", 0.0))
    return markdown(TOOLS, [*rows, *(_row(entry, ours) for entry in ordered)])


def _row(entry: Entry, ours: Entry | None) -> list[str]:
    name = f"{entry['tool']} ({entry['variant']})" if entry["variant"] else str(entry["tool"])
    if why := entry.get("error") or entry.get("skipped"):
        return [name, str(entry.get("version", "")), "–", "–", "–", "–", "–", "–", f"failed: {why}"]
    times = ours["rate"] / entry["rate"] if ours and "rate" in ours else None
    return [
        name,
        str(entry["version"]),
        count(entry["n"]),
        number(entry["seconds"]),
        number(entry["rate"] / 1e6),
        number(times),
        number(entry["peak_mb"]),
        _same(entry),
        str(entry["note"]),
    ]


def _same(entry: Entry) -> str:
    same: Any = entry.get("same_work")
    return "–" if same is None else "yes" if same else f"no: {entry['same_work_reason']}"


def _alone(entry: Entry) -> list[str]:
    if why := entry.get("error") or entry.get("skipped"):
        return [entry["case"], *["–"] * 7, why]
    return [
        entry["case"],
        count(entry["n"]),
        number(entry["seconds"]),
        number(entry["rate"] / 1e6),
        number(entry["seconds"] / entry["sum_seconds"]) if "sum_seconds" in entry else "–",
        number(entry.get("peak_mb")),
        count(entry.get("orders")),
        "–" if entry.get("final_equity") is None else f"{entry['final_equity']:,.4f}",
        _note(entry),
    ]


def _note(entry: Entry) -> str:
    notes = [entry.get("note", "")]
    if entry.get("same_work") is False:
        notes.append(f"NOT the same work: {entry['same_work_reason']}")
    if "journals_mb" in entry:
        notes.append(f"journals {number(entry['journals_mb'])} MB")
    if "peak_run_mb" in entry:
        notes.append(f"peak without the tables {number(entry['peak_run_mb'])} MB")
    return "; ".join(filter(None, notes))


def _start(entry: Entry) -> list[str]:
    return [entry["case"], number(entry.get("seconds")), entry.get("note") or entry.get("error", "")]
