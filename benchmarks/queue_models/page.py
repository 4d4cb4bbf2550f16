"""Tables of the page about queue models, which stand there between two marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from barter_bt.errors import DataError
from benchmarks.queue_models.cancels import CURVES, shares_ahead
from benchmarks.queue_models.compare import MARKOUTS_S, Figures
from benchmarks.queue_models.ghosts import HORIZON_S, NS
from benchmarks.queue_models.models import MODELS, QUEUES
from benchmarks.queue_models.study import Study, groups
from benchmarks.tables import count, markdown

BEGIN, END = "<!-- written by python -m benchmarks.queue_models -->", "<!-- until here -->"
SHOWN = [name for name in MODELS if name not in ("power 4", "power 6", "power 7", "power 8")]
FEW = ("conservative", "power 1", "power 3", "logarithmic", "relative power 2")
HEADER = (
    "model", "filled", "false", "missed", "at the true time", "earlier", "later", "5 %", "median", "95 %", "wait",
    *(f"markout {s} s" for s in MARKOUTS_S),
)  # fmt: skip


def written(page: str, studies: Iterable[Study]) -> str:
    """The page with new tables."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise DataError(f"the page has no place for tables, between {BEGIN!r} and {END!r}", "put both into it")
    return "\n\n".join([head + BEGIN, *map(tables, studies), END + tail])


def tables(study: Study) -> str:
    """All of one day."""
    parts = [
        _about(study),
        "### All ghosts",
        markdown(HEADER, (_row(name, study.compare(name)) for name in SHOWN)),
        _reasons(study),
        "### By place",
        *_by_group(study),
        "### Who leaves",
        _cancels(study),
        "### Fitted on the morning, tried in the afternoon",
        _fit(study),
        "### If a trade through a price fills by its volume",
        markdown(HEADER, (_row(name, study.compare(name, by_volume=True)) for name in (*FEW, *SHOWN[-2:]))),
    ]
    return "\n\n".join(parts)


def _about(study: Study) -> str:
    day, ghosts, truth = study.day, study.ghosts, study.truth
    date = datetime.fromtimestamp(int(day.time[0]) / NS, UTC).date()
    filled, partly = (sum(1 for f in truth if ok(f)) for ok in (lambda f: not f.rest, lambda f: f.rest and f.fills))
    left = int(((ghosts.end - ghosts.time) < HORIZON_S * NS).sum())
    jumped = sum(f.jumped for f in truth)
    negative = sum(f.ahead < 0 for f in truth)
    spread, size = np.median(day.asks[:, 0] - day.bids[:, 0]) / 100, np.median(day.bid_sizes[:, 0])
    return (
        f"## {day.name.upper()}, {date}\n\n"
        f"{count(len(day.time))} events; the median spread is {spread:g} cents, and {size:g} shares stand at the "
        f"median best bid. {count(len(ghosts))} ghosts, of which {count(filled)} are truly filled whole and "
        f"{count(partly)} in part; {count(left)} would be cancelled before their {HORIZON_S} s are over, because their "
        f"price leaves the five levels. The queues are those of price and time: {count(jumped)} executions passed a "
        f"share that stood ahead of a ghost, and {count(negative)} times more left than had stood there."
    )


def _row(name: str, f: Figures) -> list[str]:
    shares = [f"{100 * share:.2f} %" for share in (f.same, f.early, f.late)]
    quantiles = [f"{q:+.3f} s" for q in f.quantiles] or ["–"] * 3
    marks = [f"{bias:+.2f} ± {error:.2f}" for bias, error in zip(f.bias, f.error, strict=True)]
    return [name, count(f.filled), count(f.false), count(f.missed), *shares, *quantiles, f"{f.wait_s:.3f} s", *marks]


def _reasons(study: Study) -> str:
    names = sorted({why for reasons in study.reasons.values() for why in reasons})
    rows = [[m, *(count(study.reasons[m].get(why, 0)) for why in names)] for m in FEW]
    return "Fills by their reason:\n\n" + markdown(("model", *(f"`{why}`" for why in names)), rows)


def _by_group(study: Study) -> Sequence[str]:
    parts = []
    for name, of in groups(study.ghosts).items():
        rows = [_row(model, study.compare(model, of)) for model in FEW]
        truly = study.compare(FEW[0], of).truly
        parts += [f"Of {count(int(of.sum()))} ghosts {name}, {count(truly)} are truly filled:", markdown(HEADER, rows)]
    return parts


def _cancels(study: Study) -> str:
    names = ("truth", "conservative", *CURVES)
    rows = [
        [f"{100 * low:.0f} to {100 * high:.0f} %", count(n), *(f"{100 * shares[name]:.1f} %" for name in names)]
        for low, high, n, shares in shares_ahead(study.truth)
    ]
    return markdown(("ahead of all others", "cancels", *names), rows)


def _fit(study: Study) -> str:
    morning = study.morning
    halves = {"morning": morning, "afternoon": ~morning}
    best = {half: study.best(of) for half, of in halves.items()}
    rows = []
    for name in QUEUES:
        found = [study.compare(name, of) for of in halves.values()]
        rows.append([name, *(f"{f.wait_s:.4f} s" for f in found), *(f"{f.false} + {f.missed}" for f in found)])
    said = (
        f"Nearest to the true waits in the morning is `{best['morning']}`; in the afternoon `{best['afternoon']}`. "
        f"The differences are of few ghosts."
    )
    header = ("model", *(f"wait, {half}" for half in halves), *(f"false + missed, {half}" for half in halves))
    return said + "\n\n" + markdown(header, rows)


def rewrite(path: Path, studies: Sequence[Study]) -> None:
    """Put new tables into a page."""
    path.write_text(written(path.read_text("utf-8"), studies), encoding="utf-8")
