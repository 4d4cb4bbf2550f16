"""Two runs that should be one."""

from __future__ import annotations

from barter_bt.backtest import Result
from barter_bt.backtest.difference import COMPARED
from barter_bt.backtest.divergence import first_divergence
from barter_bt.backtest.run_directory import SavedRun
from barter_bt.testing.invariants.journal import fail, state_of


def assert_same_run(
    one: Result | SavedRun, other: Result | SavedRun, names: tuple[str, str] = ("one", "the other")
) -> None:
    """Every table of two runs is the same, bit for bit: orders, trades, positions, balances, equity.

    Parameters
    ----------
    one, other
        The runs. One may be read back from the directory in which it was saved once: a *golden* run, which a test
        compares with the run of today.
    names
        What to call them.

    Raises
    ------
    AssertionError
        With the earliest row that differs and its two values.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import barter_bt as bt
    >>> one, other = (bt.testing.run_prices([9, last], bt.testing.schedule({"at": 60, "buy": 1})) for last in (8, 7))
    >>> assert_same_run(one, one)
    >>> with TemporaryDirectory() as directory:
    ...     assert_same_run(one, bt.read(one.save(f"{directory}/golden")))
    >>> assert_same_run(one, other)
    Traceback (most recent call last):
    AssertionError: trades, row 0 (a_usd), at 1970-01-01 00:01:00 UTC: price is 8.0 in one, 7.0 in the other
    """
    digests = [_digests(run) for run in (one, other)]
    if digests[0] == digests[1]:
        return
    tables = [{name: getattr(run, name) for name in (*COMPARED, "equity")} for run in (one, other)]
    first = first_divergence(*tables)
    if first is None:
        differ = [name for name, digest in digests[0].items() if digests[1].get(name) != digest]
        fail("digests", f"of {', '.join(differ)} differ, in what their tables do not show: units, steps or all names")
    raise AssertionError(first.told(f"{{}} in {names[0]}, {{}} in {names[1]}"))


def _digests(run: Result | SavedRun) -> dict[str, str]:
    if isinstance(run, SavedRun):
        return dict(run.manifest["digests"])
    state_of(run)
    return dict(run.digests)
