"""What a candle does not tell is assumed by name, and told (rules 59 and 105)."""

import pytest

import barter_bt as bt
from barter_bt.testing import bars, quotes, schedule

A = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
B = bt.Instrument("x", "b_usd", price_increment=1, quantity_increment=1)
PATHS = ("pessimistic", "optimistic", "open_high_low_close", "open_low_high_close", "adaptive")
BOTH = {"at": 60, "buy": 1, "stop_loss": 95, "take_profit": 108}


def told(rows, *plan, path="pessimistic", instruments=A, **options):
    """The number of candles that warnings tell of, and the path that they name."""
    options = {"balances": {"usd": 9_000, "a": 9}, "venues": bt.Venue(candle_path=path)} | options
    result = bt.testing.run(rows, schedule(*plan), instruments, **options)
    found = [text for text in result.warnings if "which came first is not known" in text]
    assert len(found) <= 1
    return (int(found[0].split()[1]), found[0].split("candle_path='")[1].split("'")[0]) if found else None


@pytest.mark.parametrize("path", PATHS)
def test_each_path_tells_in_how_many_candles_it_decided(path):
    """Of three candles the first reaches neither, the second both, the third one."""
    assert told(bars(100, 100, (100, 110, 90, 100)), BOTH, path=path) == (1, path)
    assert told(bars(100, 100, (100, 107, 90, 100)), BOTH, path=path) is None
    assert told(bars(100, 100, (100, 110, 96, 100)), BOTH, path=path) is None


@pytest.mark.parametrize("path", PATHS)
def test_a_candle_counts_once_and_each_that_decides_counts(path):
    rows = bars(100, 100, (100, 110, 90, 100), 100, (100, 110, 90, 100))
    assert told(rows, BOTH, BOTH, BOTH, path=path) == (1, path)
    assert told(rows, BOTH, {**BOTH, "at": 180}, path=path) == (2, path)


@pytest.mark.parametrize(("close", "count"), [(97, 1), (94, None)])
@pytest.mark.parametrize("path", PATHS)
def test_an_entry_and_its_stop_in_one_candle_are_told_unless_the_close_decides(path, close, count):
    """Bought at 97 on the way down: whether 95 came before or behind that is not known."""
    entry = {"at": 60, "buy": 1, "limit": 97, "stop_loss": 95}
    assert told(bars(100, 100, (100, 101, 90, close)), entry, path=path) == (count and (count, path))


@pytest.mark.parametrize("path", PATHS)
def test_an_entry_and_its_target_in_one_candle_are_told(path):
    entry = {"at": 60, "buy": 1, "limit": 97, "take_profit": 99}
    assert told(bars(100, 100, (100, 101, 90, 95)), entry, path=path) == (1, path)


@pytest.mark.parametrize("path", PATHS)
def test_a_group_is_told(path):
    rows = [{"at": 60, "sell": 1, "stop": 95, "group": 1}, {"at": 60, "sell": 1, "limit": 105, "group": 1}]
    assert told(bars(100, 100, (100, 110, 90, 100)), *rows, path=path) == (1, path)


def test_quotes_leave_nothing_open():
    rows = quotes((0, 99, 9, 101, 9), (70, 90, 9, 91, 9), (80, 120, 9, 121, 9))
    assert told([bars(100, 100, (100, 130, 80, 100)), rows], BOTH, venues=bt.Venue(triggers_on="quotes")) is None


def test_optimistic_without_effect_is_told():
    result = bt.testing.run(
        quotes((0, 99, 9, 101, 9), (70, 98, 9, 99, 9)),
        schedule({"at": 1, "buy": 1}),
        A,
        balances={"usd": 900},
        venues=bt.Venue(candle_path="optimistic"),
    )
    assert [text for text in result.warnings if "candle_path has no effect on 'a_usd'" in text]


def test_two_streams_of_candles_have_no_way_but_may_be_hoped_of():
    rows = [bars(100, 100), bars(100, 100)]
    options = {"balances": {"usd": 900}, "interpret": True}
    bt.Simulation(rows, A, venues=bt.Venue(candle_path="optimistic"), **options)
    with pytest.raises(bt.errors.ConfigError, match='"pessimistic" or "optimistic"'):
        bt.Simulation(rows, A, venues=bt.Venue(candle_path="adaptive"), **options)
