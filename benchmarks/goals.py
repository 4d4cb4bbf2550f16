"""How many times as fast as another tool, in the same run: machines differ, ratios less so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.measure import Entry
from benchmarks.tables import markdown, number

HEADER = ("case", "beside", "times as fast: goal", "measured", "reached")


@dataclass(frozen=True)
class Goal:
    """A ratio to reach: the time of a variant of another tool over ours, per event."""

    case: str
    tool: str
    variant: str
    times: float


GOALS = (
    Goal("sma_cross", "vectorbt", "tables", 3),
    Goal("sma_cross", "vectorbt", "", 2),
    Goal("sma_cross_signals", "vectorbt", "signals+tables", 2),
    Goal("sma_cross_signals", "vectorbt", "signals", 1.2),
    Goal("rebalance", "vectorbt", "", 15),
    Goal("rebalance", "raptorbt", "", 1),
    Goal("replay_quotes", "hftbacktest", "one", 4),
    Goal("replay_compiled", "hftbacktest", "one", 8),
    Goal("replay_compiled", "vectorbt", "one", 4),
    Goal("replay_python", "hftbacktest", "", 1.5),
    Goal("brackets", "vectorbt", "", 2),
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


def ratios(ours: Sequence[Entry], peers: Sequence[Entry]) -> Iterator[tuple[Goal, float]]:
    """Each goal of which both sides were measured, with the ratio that was."""
    rates = {entry["case"]: entry["rate"] for entry in ours if "rate" in entry}
    for goal in GOALS:
        for entry in peers:
            case = goal.case.removesuffix("_signals")
            if (entry["tool"], entry["case"], entry["variant"]) == (goal.tool, case, goal.variant) and "rate" in entry:
                if goal.case in rates:
                    yield goal, rates[goal.case] / entry["rate"]


def table(ours: Sequence[Entry], peers: Sequence[Entry]) -> str:
    """The goals in Markdown; nothing where none was measured."""
    rows = []
    for goal, measured in ratios(ours, peers):
        beside = f"{goal.tool} ({goal.variant})" if goal.variant else goal.tool
        rows.append(
            (goal.case, beside, number(goal.times), number(measured), "yes" if measured >= goal.times else "no")
        )
    return markdown(HEADER, rows) if rows else ""
