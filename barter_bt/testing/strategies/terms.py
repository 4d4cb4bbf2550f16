"""Instruments, fees, latencies, venues and balances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.testing.scenario.arguments import to_instrument
from barter_bt.testing.scenario.given import spec_of
from barter_bt.testing.scenario.instruments import LATENCIES, PAIRS, RATES, make_instrument
from barter_bt.testing.scenario.make import make_balances
from barter_bt.testing.scenario.source import Drawn
from barter_bt.testing.scenario.spec import Contract, Kind
from barter_bt.testing.strategies.common import TWO, Instruments, builds, several
from barter_bt.venue import Fees, Latency, Margin, Slippage, Venue


def instruments(
    kinds: Sequence[Contract] = ("spot", "perpetual", "inverse", "future"), exchange: str = "alpha"
) -> st.SearchStrategy[Instrument]:
    """Instruments of all kinds, with steps from 1e-12 to 1e8, declared or not, with minima, futures that expire.

    Parameters
    ----------
    kinds
        Which to draw; an inverse perpetual is ``"inverse"``.
    exchange
        Whose they are.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(instruments(kinds=["spot"]))
    ... def test(one):
    ...     assert one.settlement is None
    >>> test()
    """
    pairs = [pair for pair in PAIRS if pair[3] in kinds]
    if not pairs:
        raise ConfigError(f"kinds is {kinds!r}; allowed: spot, perpetual, inverse, future")

    def make_one(source: Drawn) -> Instrument:
        pair = source.pick(pairs)
        return to_instrument(make_instrument(source, pair, (exchange,), fine=pair[3] == "inverse"))

    return builds(make_one)


def fees() -> st.SearchStrategy[Fees]:
    """Fees: none, usual ones, a tenth, rebates, per contract, and sometimes by order.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(fees())
    ... def test(terms):
    ...     assert -0.001 <= terms.maker <= 0.1
    >>> test()
    """
    rates = st.sampled_from([float(rate) for rate in dict.fromkeys(RATES)])
    by_fill = st.builds(Fees, rates, rates, st.sampled_from([0.0, 0.0, 0.01, 2.5]))
    by_order = st.builds(
        replace,
        by_fill,
        per_order=st.sampled_from([0.0, 1.0, 2.5]),
        minimum=st.sampled_from([0.0, 1.0]),
        maximum=st.sampled_from([None, 0.01, 1.0]),
        increment=st.sampled_from([None, 0.01, 1.0]),
    )
    return st.one_of(by_fill, by_order)


def slippages() -> st.SearchStrategy[Slippage]:
    """Slippage: none, and each of its terms.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(slippages())
    ... def test(terms):
    ...     assert 0 <= terms.rate <= 0.1
    >>> test()
    """
    some = st.sampled_from([0.0, 0.0, 0.1, 1.0])
    drawn = st.builds(Slippage, st.sampled_from([0, 1, 3]), st.sampled_from([0.0, 0.0005, 0.1]), some, some, some)
    return st.one_of(st.just(Slippage()), drawn)


def latencies() -> st.SearchStrategy[Latency]:
    """Latencies: none, a nanosecond, and as long as the data's steps.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(latencies())
    ... def test(delays):
    ...     assert 0 <= delays.feed_ns <= 2_000_000_000
    >>> test()
    """
    delays = st.sampled_from(list(dict.fromkeys(LATENCIES)))
    return st.builds(Latency, delays, delays, delays)


def venues(evidence: Sequence[Kind] = ()) -> st.SearchStrategy[Venue]:
    """Terms of an exchange.

    Parameters
    ----------
    evidence
        Kinds of data that every instrument has, of which orders may then be filled on one that is chosen.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(venues())
    ... def test(venue):
    ...     assert venue.taker_fills_on == "auto"
    >>> test()
    """
    chosen = st.sampled_from(["auto", *evidence])
    return st.builds(
        Venue,
        fees=fees(),
        latency=latencies(),
        margin=st.builds(Margin, st.sampled_from([1.0, 0.5, 0.1, 0.03])),
        account=st.sampled_from(["cash", "margin"]),
        taker_fills_on=chosen,
        maker_fills_on=chosen,
        triggers_on=chosen,
        limit_fill=st.sampled_from(["through", "touch"]),
        candle_fill=st.sampled_from(["next_open", "next_open", "next_close", "this_close"]),
        slippage=slippages(),
        max_age_ns=st.sampled_from([0, LATENCIES[-1]]),
    )


def balances(instruments: Instruments = TWO) -> st.SearchStrategy[dict[str, str]]:
    """Starting balances of one exchange, from nothing to plenty, in the size of drawn orders.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(balances())
    ... def test(amounts):
    ...     assert set(amounts) == {"a", "b", "usd"}
    >>> test()
    """
    specs = tuple(spec_of(one) for one in several(instruments))
    return builds(lambda source: {asset: amount for _, asset, amount in make_balances(source, specs)})
