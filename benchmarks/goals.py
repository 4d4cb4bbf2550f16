"""How many times as fast as another tool, in the same run: machines differ, ratios less so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.measure import Entry
from benchmarks.tables import markdown, number

HEADER = ("case", "beside", "times as fast: goal", "measured", "reached", "without our tables, as theirs")


@dataclass(frozen=True)
class Goal:
    """A ratio to reach: the time of a variant of another tool over ours, per event, with our tables and summary.

    ``has_tables``: theirs has tables or figures, too.
    """

    case: str
    tool: str
    variant: str
    times: float
    has_tables: bool = True


GOALS = (
    Goal("sma_cross", "vectorbt", "tables", 3),
    Goal("sma_cross", "vectorbt", "", 2, has_tables=False),
    Goal("sma_cross_signals", "vectorbt", "signals+tables", 2),
    Goal("sma_cross_signals", "vectorbt", "signals", 1.2, has_tables=False),
    Goal("rebalance", "vectorbt", "", 15, has_tables=False),
    Goal("rebalance", "raptorbt", "", 1, has_tables=False),
    Goal("replay_quotes", "hftbacktest", "one", 4, has_tables=False),
    Goal("replay_compiled", "hftbacktest", "one", 8, has_tables=False),
    Goal("replay_compiled", "vectorbt", "one", 4, has_tables=False),
    Goal("replay_python", "hftbacktest", "", 1.5),
    Goal("brackets", "vectorbt", "", 2, has_tables=False),
    Goal("brackets", "backtesting", "", 50),
    Goal("aggregate", "pandas", "", 5),
    Goal("aggregate", "polars", "", 1),
    Goal("aggregate_one", "pandas", "", 5),
    Goal("aggregate_one", "polars", "", 1),
    Goal("overfitting", "purgedcv", "", 50),
    Goal("sweep", "raptorbt", "", 7),
    Goal("sweep", "vectorbt", "", 7),
    Goal("sweep_protected", "vectorbt", "", 10),
    Goal("sweep_compiled", "hftbacktest", "", 10),
)


def ratios(ours: Sequence[Entry], peers: Sequence[Entry]) -> Iterator[tuple[Goal, float, float | None]]:
    """Each goal of which both sides were measured, with the ratio that was, and the same without our tables.

    The latter where the other tool builds none, nor figures, and ours does: None elsewhere.
    """
    mine = {entry["case"]: entry for entry in ours if "rate" in entry}
    for goal in GOALS:
        for entry in peers:
            case = goal.case.removesuffix("_signals")
            if (entry["tool"], entry["case"], entry["variant"]) == (goal.tool, case, goal.variant) and "rate" in entry:
                if goal.case in mine:
                    ratio = mine[goal.case]["rate"] / entry["rate"]
                    yield goal, ratio, None if goal.has_tables else _without_tables(mine[goal.case], ratio)


def _without_tables(entry: Entry, ratio: float) -> float | None:
    parts = entry.get("parts", {})
    rest = entry.get("seconds", 0.0) - parts.get("tables", 0.0) - parts.get("summary", 0.0)
    return ratio * entry["seconds"] / rest if "tables" in parts and rest > 0 else None


def table(ours: Sequence[Entry], peers: Sequence[Entry]) -> str:
    """The goals in Markdown; nothing where none was measured."""
    rows = []
    for goal, measured, bare in ratios(ours, peers):
        beside = f"{goal.tool} ({goal.variant})" if goal.variant else goal.tool
        reached = "yes" if measured >= goal.times else "no"
        like = "–" if bare is None else number(bare)
        rows.append((goal.case, beside, number(goal.times), number(measured), reached, like))
    return markdown(HEADER, rows) if rows else ""
