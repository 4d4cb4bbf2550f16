"""Tables as text and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from benchmarks.measure import Entry

HEADER = ("case", "n", "seconds", "M/s", "× sum", "peak MB", "orders", "final equity", "same work", "load s")


def number(value: float | None, digits: int = 3) -> str:
    """A figure with some significant digits; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):,.{max(places, 0)}f}"


def count(value: int | None) -> str:
    """A whole number, or a dash."""
    return "–" if value is None else f"{value:,}"


def row(entry: Entry) -> list[str]:
    """One measurement in the columns of :data:`HEADER`."""
    if why := entry.get("skipped") or entry.get("error"):
        return [entry["case"], ("skipped: " if "skipped" in entry else "failed: ") + why, *[""] * (len(HEADER) - 2)]
    ticks = "rate" in entry
    return [
        entry["case"],
        count(entry["n"]) if ticks else "",
        number(entry["seconds"]),
        number(entry["rate"] / 1e6) if ticks else "",
        number(entry["seconds"] / entry["sum_seconds"]) if "sum_seconds" in entry else "",
        number(entry["peak_mb"]) if "peak_mb" in entry else "",
        count(entry["orders"]) if "orders" in entry else "",
        f"{entry['final_equity']:,.4f}" if entry.get("final_equity") is not None else "",
        {True: "yes", False: "NO", None: ""}[entry.get("same_work")],
        number(entry["load_seconds"]) if "load_seconds" in entry else "",
    ]


def text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns in line, numbers to the right; what is too long for its column runs on."""
    rows = [list(header), *map(list, rows)]
    full = [one for one in rows if any(one[2:])]
    widths = [max(len(one[k]) for one in full) for k in range(len(header))]
    lines = []
    for first, *rest in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, one))} |" for one in lines)


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")
