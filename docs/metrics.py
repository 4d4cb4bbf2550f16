"""Write ``docs/metrics.md`` from the definitions of the figures: ``python docs/metrics.py``."""

from __future__ import annotations

from pathlib import Path

from barter_bt.statistic import FIGURES

HEAD = """# Figures

What each figure of a summary means. This page is written by `docs/metrics.py` from the functions that compute them, in
`barter_bt/statistic/`; `run.summary().explain()` gives the same with values, period and sample size.

- **Marks** are the rows of `equity`. **Samples** are the marks at the ends of intervals, **returns** r what lies
  between them, n their number, f the rate without risk of one return (0 unless given).
- `run.summary(sampling="1h", interval="annual_252", risk_free=0.03, benchmark=other)` chooses them. The interval is
  what annual figures are stated for: `"actual"` (a year of 365 days, with as many returns as were really there),
  `"annual_252"`, `"annual_365"`, `"daily"`, or any length such as `"30d"`.
- What is not defined is null (`None`): a ratio without a denominator, a deviation of one return, money of several
  assets added.
- `run.figures_by("instrument")` (or strategy, exchange, asset) gives the same figures of each part; the equity of a
  part is what the run held at its start plus the realised PnL of the part's positions, that of an asset its balance.
- `run.bootstrap()` tells how far figures could be off by luck; `run.rolling(63)` moves a window along the curve;
  `run.returns_by("month")` (or year, week, day, weekday, hour) and `run.drawdowns()` are tables.
- `run.trading_summary()` has Barter's names, `run.trading_summary(figures="barter")` Barter's own figures, faults
  included ([barter.md](barter.md)).
"""

TAIL = """
## Beside other libraries

`tests/statistic/test_other_libraries.py` computes these figures with quantstats, empyrical-reloaded, ffn and pandas on
the same returns; they agree to nine digits. Definitions that differ:

| figure | elsewhere |
|---|---|
| annual return, Calmar ratio | ffn counts calendar time in years of 365.25 days: `interval="365d6h"` |
| value at risk, expected shortfall | negative for a loss; quantstats fits a normal distribution |
| alpha | empyrical compounds the mean excess over a year; here it is multiplied |
| information ratio | not annualised by quantstats, empyrical and ffn |
| duration of drawdowns | quantstats counts days below the peak, here from the peak to the mark back at it |
| win rate | quantstats leaves out returns of exactly 0 |
| days, months | here from UTC midnight |
| correlation | quantstats gives its square |
"""


def text() -> str:
    """The whole page."""
    parts, section = [HEAD], ""
    for figure in FIGURES.values():
        if figure.section != section:
            section = figure.section
            parts.append(f"\n## {section}\n\n| figure | unit | definition | of | source |\n|---|---|---|---|---|\n")
        cells = (f"`{figure.name}`", figure.unit, figure.definition, figure.sample, figure.source)
        parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return "".join([*parts, TAIL])


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(text(), "utf-8")
