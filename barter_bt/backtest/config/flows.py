"""Cash flows of a configuration: what happens to an account or an instrument, of files, catalogs and rates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from barter_bt.backtest.config.place import Place
from barter_bt.backtest.config.sections import CashFlowsSection, given

if TYPE_CHECKING:
    from barter_bt.data.flows import CashFlows


def flows_of(place: Place, number: int, section: CashFlowsSection) -> CashFlows:
    """What a section of ``[[cash_flows]]`` gives.

    Raises
    ------
    BarterBtError
        A file is missing, a key has no effect, or a value cannot be.
    """
    from barter_bt import data

    key, options = f"cash_flows[{number}]", given(section)
    kind, file = options.pop("kind"), options.pop("path", None)
    if kind == "interest":
        if file is not None:
            place.fail(f"{key}.path", "interest has no file", "it has an asset or an instrument, and rates")
        for name in {"start", "end"} & options.keys():
            options[name] = place.instant(f"{key}.{name}", options[name])
        interest: CashFlows = place.make(key, data.interest, options)
        return interest
    if file is not None and ("://" in file or (place.file.parent / file).is_dir()):
        return _of_catalog(place, key, kind, file if "://" in file else place.file.parent / file, options)
    if options:
        place.fail(f"{key}.{min(options)}", f"{kind} has a file that says all", "this key is one of interest")
    if file is None:
        place.fail(f"{key}.path", f"{kind} needs a file", "write path = ...")
    path = place.existing(f"{key}.path", file)
    dated = {"funding": data.funding, "dividend": data.dividends, "split": data.splits} | {
        "deposit": data.deposits,
        "margin": data.margin_transfers,
        "settlement": data.settlement_prices,
        "assignment": data.assignments,
        "cash": data.cash_flows,
    }
    flows: CashFlows = place.make(key, dated[kind], {"source": path})
    return flows


def _of_catalog(place: Place, key: str, kind: str, path: Path | str, options: dict[str, Any]) -> CashFlows:
    """What happens to an instrument, or to all, in a catalog."""
    from barter_bt import data

    kinds = {"funding": "funding", "dividend": "dividends", "split": "splits", "settlement": "settlement_prices"}
    if kind not in kinds:
        place.fail(f"{key}.path", f"a catalog holds no {kind}", f"it holds {', '.join(kinds)}; {kind} needs a file")
    for name in options.keys() - {"instrument", "exchange"}:
        place.fail(f"{key}.{name}", f"it has no effect on {kind} of a catalog", "this key is one of interest")
    flows: CashFlows = place.make(key, getattr(data.Catalog(path), kinds[kind]), options)
    return flows
