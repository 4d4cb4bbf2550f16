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
  `"annual_252"`, `"annual_365"`, `"daily"`, or any length such as `"30d"`. A sampling finer than the marks makes no
  more returns of them: figures are then stated for returns as far apart as the marks, with a warning.
- `sampling="session"` takes returns from one close of the run's trading sessions to the next, each of which counts as a
  day; `run.by_session()` is a table of them ([how](how_to/sessions.md#figures-by-sessions)).
- Days, weeks and months are those of the time zone that the data was given in (`time_zone=` of the streams, or the zone
  of their columns) where all of it is the same, else of UTC; `time_zone="America/New_York"` chooses another. A mark
  exactly at midnight, as the close of a day's candle, belongs to the day before.
- What is not defined is null (`None`): a ratio without a denominator, a deviation of one return, money of several
  assets added, a return from an equity that is not above 0, and what needs that return. A total loss itself is defined:
  -100 %. Growth is not stated for more than 366 times as long as it took: a run of less than a day has no annual
  return. `run.summary().why("sharpe")` and the column `undefined` of `explain()` say the reason.
- `trades` are own fills, as in the table of that name; what others call a trade, from the opening of a position to its
  closing, is a closed position, a row of `positions` and of [`round_trips`](how_to/report.md#round-trips). Figures
  answer to other names too: `explain("roi")`, `summary.max_dd`.
- Figures under *Market* read the market's prices when they are first asked for; parts of a run have none.
- A benchmark is another run, a table with `time` and `equity`, or a pandas Series or frame with a `DatetimeIndex`.
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
| annual return, Calmar ratio | ffn counts time, in years of 365.25 days: (1 + r) ^ (365.25 / 365) - 1, r for "actual" |
| the same, for `interval="365d6h"` | that of ffn where there is a return for each day of the week, not else |
| CAGR | that of ffn is `cagr`; that of quantstats and empyrical is `annual_return` for "annual_252" |
| total loss | quantstats and empyrical take the return from 0 to 0 as 0 |
| value at risk, expected shortfall | negative for a loss; quantstats fits a normal distribution |
| alpha | empyrical compounds the mean excess over a year; here it is multiplied |
| information ratio | not annualised by quantstats, empyrical and ffn |
| duration of drawdowns | quantstats counts days below the peak, here from the peak to the mark back at it |
| mean round trip | the mean trade of backtesting.py is a geometric mean |
| Kelly fraction | quantstats has returns of days in place of round trips |
| SQN | some take the square root of at most 100 positions |
| win rate | quantstats leaves out returns of exactly 0 |
| days, months | elsewhere those of the index; here of the time zone, and a mark at midnight ends a day |
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
