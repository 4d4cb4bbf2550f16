"""The figures to reach, and how far each measured one is from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.measure import Entry

ByCase = Mapping[str, Entry]
MOST_GROWTH_MB = 10.0
"""What "flat" allows: noise of the allocators."""


@dataclass(frozen=True)
class Target:
    """One figure to reach.

    Parameters
    ----------
    case
        The case that has it.
    what
        What is measured.
    value
        Picks it out of the entries by case.
    bound
        The figure to reach: a least one where ``at_least``, else a largest one.
    unit
        Of both; ``scale`` turns the value into it.
    why
        What keeps it from being reached, where it was not.
    """

    case: str
    what: str
    value: Callable[[ByCase], float]
    bound: float
    unit: str
    at_least: bool = False
    why: str = ""


_WHY_SUM = "both are bound by memory, and the sum gains more from a quiet machine"
_WHY_MEMORY = "what the Parquet reader and its allocator keep of batches that it has handed out"
_WHY_IMPORT = "Polars and NumPy alone are two thirds of it (`python -X importtime`)"
_WHY_LONG = "both are bound by passes of NumPy over the same columns; what is saved is pandas' overhead"
_WHY_FIRST = "some 700 functions are compiled (decision 68); other processors help, so it depends on how many are free"


def _rate(case: str) -> Callable[[ByCase], float]:
    return lambda entries: entries[case]["rate"] / 1e6


def _each(case: str) -> Callable[[ByCase], float]:
    """Microseconds for each."""
    return lambda entries: 1e6 / entries[case]["rate"]


def _seconds(case: str, per: float = 1.0) -> Callable[[ByCase], float]:
    return lambda entries: entries[case]["seconds"] * per


def _times(case: str) -> Callable[[ByCase], float]:
    return lambda entries: float(entries[case]["times_faster"])


def stream_growth_mb(entries: ByCase) -> float:
    """How much more a run of two kinds of rows of a catalog needs on ten times the data."""
    return float(entries["catalog_stream_long"]["peak_mb"] - entries["catalog_stream"]["peak_mb"])


def _sums(entries: ByCase) -> float:
    return float(entries["replay_compiled"]["seconds"] / entries["replay_compiled"]["sum_seconds"])


def growth_mb(entries: ByCase) -> float:
    """How much more a streamed run needs on ten times the data, with journals of the same size."""
    return float(entries["memory_parquet_long"]["peak_mb"] - entries["memory_parquet"]["peak_mb"])


def _share(entries: ByCase) -> float:
    return float(entries["catalog_scan"]["share"] * 100)


TARGETS = (
    Target("replay_compiled", "times one NumPy sum over the columns", _sums, 3, "×", why=_WHY_SUM),
    Target("replay_compiled_latency", "events a second", _rate("replay_compiled_latency"), 60, "M/s", True),
    Target("memory", "peak above the start", lambda entries: entries["memory"]["peak_mb"], 100, "MB"),
    Target(
        "memory_parquet_long",
        "growth on ten times the data, equal journals",
        growth_mb,
        MOST_GROWTH_MB,
        "MB",
        why=_WHY_MEMORY,
    ),
    Target("audit_actions", "cost of an audit of actions", lambda e: e["audit_actions"]["cost"] * 100, 20, "%"),
    Target("figures_summary", "every figure, 1 M marks, 100 k trades", _seconds("figures_summary", 1e3), 50, "ms"),
    Target("figures_report", "HTML page", _seconds("figures_report"), 2, "s"),
    Target("figures_report", "its size", lambda entries: entries["figures_report"]["megabytes"], 3, "MB"),
    Target("figures_compare", "1,000 saved runs", _seconds("figures_compare"), 1, "s"),
    Target("figures_returns_2520", "quantstats' time", _times("figures_returns_2520"), 20, "×", True),
    Target("figures_returns_1000000", "quantstats' time", _times("figures_returns_1000000"), 20, "×", True, _WHY_LONG),
    Target("event_engine_process", "market events by Engine.process", _rate("event_engine_process"), 0.5, "M/s", True),
    Target("event_engine_json", "market events from JSON", _rate("event_engine_json"), 0.3, "M/s", True),
    Target("event_engine_columns", "market events as columns", _rate("event_engine_columns"), 1, "M/s", True),
    Target("event_engine_book", "an update of a book, 10 changes", _each("event_engine_book"), 20, "µs"),
    Target("catalog_import", "rows a second and core, CSV into a catalog", _rate("catalog_import"), 3, "M/s", True),
    Target("catalog_load", "the same into a frame", _rate("catalog_load"), 3, "M/s", True),
    Target("catalog_scan", "rows of a catalog, part of Polars' speed", _share, 80, "%", True),
    Target("catalog_open", "10,000 files opened", _seconds("catalog_open"), 1, "s"),
    Target("catalog_stream_long", "growth on ten times the data, two kinds", stream_growth_mb, MOST_GROWTH_MB, "MB"),
    Target("start_import", "import barter_bt", _seconds("start_import"), 0.3, "s"),
    Target(
        "start_import_all",
        "the same with all that a backtest needs",
        _seconds("start_import_all"),
        0.3,
        "s",
        why=_WHY_IMPORT,
    ),
    Target("start_help", "barter-bt --help", _seconds("start_help"), 0.4, "s"),
    Target("start_first", "first backtest ever", _seconds("start_first"), 3, "s"),
    Target("start_compile", "everything compiled", _seconds("start_compile"), 10, "s", why=_WHY_FIRST),
    Target("start_again", "the first script again", _seconds("start_again"), 0.8, "s"),
    Target("start_new_strategy", "a script with a new compiled strategy", _seconds("start_new_strategy"), 2, "s"),
)


@dataclass(frozen=True)
class Reached:
    """A target beside what was measured; ``measured`` is None where there is no figure."""

    target: Target
    measured: float | None
    reached: bool
    told: str


def compare(entries: ByCase) -> list[Reached]:
    """Every target with its figure, and what is missing in words."""
    return [_compare(target, entries) for target in TARGETS]


def _compare(target: Target, entries: ByCase) -> Reached:
    entry = entries.get(target.case, {})
    try:
        measured = target.value(entries)
    except KeyError:
        return Reached(target, None, False, entry.get("error") or entry.get("skipped") or "not measured")
    # Written this way a NaN has not reached anything.
    reached = measured >= target.bound if target.at_least else measured <= target.bound
    if reached:
        return Reached(target, measured, True, "")
    off = 1 - measured / target.bound if target.at_least else measured / target.bound - 1
    told = f"{off:.0%} {'below' if target.at_least else 'above'} the target"
    return Reached(target, measured, False, "; ".join(filter(None, (told, _parts(entry), target.why))))


def _parts(entry: Entry) -> str:
    """Where the time went."""
    parts = {name: seconds for name, seconds in entry.get("parts", {}).items() if seconds >= 5e-5}
    return "of it " + ", ".join(f"{name} {seconds * 1e3:.1f} ms" for name, seconds in parts.items()) if parts else ""
