"""Market data in Binance's dialect: what is told, what was missed and is asked for, what goes wrong."""

from __future__ import annotations

from decimal import Decimal as D
from random import Random
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.live import Source, binance
from barter_bt.live.binance import reader
from barter_bt.live.binance.link import LONGEST_WAIT_NS, backoff_ns
from barter_bt.testing.exchange import Late, Status
from barter_bt.testing.exchange.listing import Listing
from tests.live.binance.rig import BTC, START, Rig, market_rig, run

MINUTE_MS = 60_000
START_MS = START // 10**6


async def say(rig: Rig, *quantities: str) -> None:
    """Public trades, one after another."""
    for quantity in quantities:
        rig.exchange.trade("100", quantity)
        await rig.exchange.flush()
        await rig.settled(40)


async def up(rig: Rig) -> None:
    await rig.until(lambda: rig.exchange.sockets.open)
    await rig.settled(20)


def ids(rig: Rig) -> list[int]:
    return [int(one.id) for one in rig.of(bp.PublicTrade)]


async def closed(rig: Rig, number: int, *, is_closed: bool = True) -> None:
    begin = START_MS - START_MS % MINUTE_MS + number * MINUTE_MS
    rig.exchange.candle(begin, begin + MINUTE_MS, ["100", "103", "99", str(100 + number)], is_closed=is_closed)
    await rig.exchange.flush()
    await rig.settled(40)


def test_trades_quotes_candles_and_books_as_they_are() -> None:
    async def test() -> None:
        async with market_rig("trades", "quotes", "book", "1m") as rig:
            assert isinstance(rig.adapter, Source)
            await up(rig)
            await say(rig, "2")
            rig.exchange.quote("99", "101", "3")
            await rig.exchange.flush()
            await closed(rig, 0)
            (trade,) = rig.of(bp.PublicTrade)
            assert (trade.price, trade.amount, trade.side) == (100.0, 2.0, bp.Side.SELL)
            (quote,) = rig.of(bp.OrderBookL1)
            assert (quote.best_bid, quote.best_ask) == (bp.Level(D(99), D(3)), bp.Level(D(101), D(3)))
            (candle,) = rig.of(bp.Candle)
            assert (candle.open, candle.high, candle.low, candle.close, candle.volume) == (100, 103, 99, 100, 10)
            assert candle.close_time % (MINUTE_MS * 10**6) == 0
            (book,) = rig.of(bp.OrderBookSnapshot)
            assert book.book.bids.best == bp.Level(D(99), D(3))

    run(test)


def test_missed_trades_are_asked_for_and_told_in_order() -> None:
    async def test() -> None:
        async with market_rig() as rig:
            await up(rig)
            await say(rig, "1")
            rig.exchange.spoil_next("gap", "gap")
            await say(rig, "2", "3", "4")
            assert ids(rig) == [1, 2, 3, 4]
            assert rig.adapter.gaps == 1

    run(test)


@pytest.mark.parametrize("how", ["duplicate", "reorder", "truncate"])
def test_spoilt_trades_are_told_once_and_in_order(how: Any) -> None:
    async def test() -> None:
        async with market_rig() as rig:
            await up(rig)
            await say(rig, "1")
            rig.exchange.spoil_next(how)
            await say(rig, "2", "3")
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.25)
            await rig.settled()
            await say(rig, "4")
            assert ids(rig) == [1, 2, 3, 4]
            assert rig.losses == (how == "truncate")
            assert rig.adapter.repeated == (how != "truncate")

    run(test)


def test_trades_during_a_disconnect_are_told_when_the_link_is_there_again() -> None:
    async def test() -> None:
        async with market_rig() as rig:
            await up(rig)
            await say(rig, "1")
            rig.exchange.is_down = True
            await rig.exchange.close_sockets(1011)
            await rig.until(lambda: rig.losses)
            await say(rig, "2", "3")
            rig.exchange.is_down = False
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.25)
            await rig.settled()
            await say(rig, "4", "5")
            await rig.until(lambda: ids(rig) == [1, 2, 3, 4, 5])
            assert rig.losses == 1

    run(test)


def test_what_was_missed_is_asked_for_when_a_ban_is_over() -> None:
    async def test() -> None:
        async with market_rig() as rig:
            await up(rig)
            await say(rig, "1")
            rig.exchange.spoil_next("gap")
            rig.exchange.answer_next("GET /api/v3/historicalTrades", Status(429, retry_after=7))
            await say(rig, "2", "3")
            await rig.passes(6)
            await rig.settled()
            assert ids(rig) == [1]
            await rig.passes(1)
            await rig.until(lambda: ids(rig) == [1, 2, 3])
            assert rig.losses == 0

    run(test)


def test_more_missed_trades_than_are_asked_for_are_told_of() -> None:
    async def test() -> None:
        async with market_rig(adapter={"backfill": 2}) as rig:
            await up(rig)
            await say(rig, "1")
            rig.exchange.spoil_next(*["gap"] * 4)
            with pytest.warns(binance.BinanceWarning, match="2 trades of BTCUSDT were missed"):
                await say(rig, *"23456")
            assert ids(rig) == [1, 4, 5, 6]

    run(test)


def test_old_trades_that_the_exchange_has_no_more_are_told_of_and_not_waited_for() -> None:
    """Else the link would be built anew for ever."""

    async def test() -> None:
        async with market_rig() as rig:
            await up(rig)
            await say(rig, "1")
            rig.exchange.spoil_next(*["gap"] * 3)
            await say(rig, *"234")
            del rig.exchange.listings["BTCUSDT"].trades[:3]
            with pytest.warns(binance.BinanceWarning, match="2 trades of BTCUSDT are not among"):
                await say(rig, "5")
            assert ids(rig) == [1, 4, 5]
            assert rig.losses == 0

    run(test)


def test_what_could_not_be_asked_for_is_asked_for_again_once_and_the_link_stays() -> None:
    """Not once for each message that waits."""

    async def test() -> None:
        async with market_rig() as rig:
            await up(rig)
            await say(rig, "1")
            rig.exchange.answer_next(OLD, Status(503))
            rig.exchange.spoil_next("gap")
            for quantity in "23456":
                rig.exchange.trade("100", quantity)
            await rig.exchange.flush()
            with pytest.warns(binance.BinanceWarning, match="what was missed could not be asked for"):
                await rig.until_in_time(lambda: ids(rig) == [1, 2, 3, 4, 5, 6], 0.25)
            await say(rig, "7")
            assert ids(rig) == [1, 2, 3, 4, 5, 6, 7]
            assert rig.losses == 0
            assert asked_for(rig) == 2

    run(test)


OLD = "GET /api/v3/historicalTrades"
ETH = Instrument(
    "binance_spot", "eth_usdt", price_increment="0.01", quantity_increment="0.00001", name_exchange="ETHUSDT"
)


def asked_for(rig: Rig) -> int:
    return [route for route, _ in rig.exchange.requests].count(OLD)


def market_of_two(rig: Rig) -> binance.BinanceMarket:
    given: dict[str, Any] = {"clock": rig.clock, "random": Random(1)} | rig.more
    return binance.BinanceMarket([BTC, ETH], ["trades", "quotes"], endpoints=rig.exchange.endpoints, **given)


def rig_of_two(**more: Any) -> Rig:
    rig = Rig(market_of_two, listings=[Listing("BTCUSDT", "BTC", "USDT"), Listing("ETHUSDT", "ETH", "USDT")])
    rig.more = more
    return rig


def by_stream(rig: Rig) -> list[str]:
    """What was told, in order: of trades the number."""
    found = []
    for event in (one for arrival in rig.arrivals for one in arrival.events):
        item = getattr(event.event, "value", None)
        kind = None if item is None else item.kind
        what = f" {kind.id}" if isinstance(kind, bp.PublicTrade) else " quote" if kind is not None else "lost"
        found.append(("" if item is None else item.instrument[:3]) + what)
    return found


def test_a_gap_holds_back_no_other_stream() -> None:
    """Neither trades of another instrument nor quotes of its own: while it is asked for, they are told as they come."""

    async def test() -> None:
        async with rig_of_two() as rig:
            await up(rig)
            late = Late()
            rig.exchange.trade("100", "1")
            await rig.exchange.flush()
            await rig.until(lambda: by_stream(rig)[-1:] == ["btc 1"])
            rig.exchange.spoil_next("gap", stream="btcusdt@trade")
            rig.exchange.answer_next(OLD, late)
            for _ in range(3):
                rig.exchange.trade("100", "1")
            rig.exchange.trade("10", "1", symbol="ETHUSDT")
            rig.exchange.quote("98", "102")
            await rig.exchange.flush()
            await rig.until(lambda: by_stream(rig)[-1] == "btc quote")
            assert by_stream(rig)[-3:] == ["btc 1", "eth 1", "btc quote"]
            assert rig.adapter.waiting == {"btc_usdt": START}
            late.release()
            await rig.until(lambda: not rig.adapter.waiting)
            assert by_stream(rig)[-3:] == ["btc 2", "btc 3", "btc 4"]
            assert rig.adapter._inbox.held == 0

    run(test)


def test_what_was_missed_is_not_told_while_the_link_is_lost() -> None:
    """Or whoever hears of it takes the link for whole; nothing of it is lost, and nothing asked for twice."""

    async def test() -> None:
        async with rig_of_two() as rig:
            await up(rig)
            late = Late()
            rig.exchange.trade("100", "1")
            await rig.exchange.flush()
            await rig.until(lambda: ids(rig) == [1])
            rig.exchange.spoil_next("gap")
            rig.exchange.answer_next(OLD, late)
            for _ in range(3):
                rig.exchange.trade("100", "1")
            await rig.exchange.flush()
            await rig.until(lambda: rig.adapter.waiting)
            await rig.exchange.close_sockets(1011)
            await rig.until(lambda: rig.losses == 1)
            late.release()
            await rig.settled()
            assert by_stream(rig)[-1] == "lost"
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.25)
            await rig.settled()
            rig.exchange.quote("98", "102")
            await rig.exchange.flush()
            await rig.until(lambda: ids(rig) == [1, 2, 3, 4])
            assert asked_for(rig) == 1

    run(test)


def test_what_waits_behind_a_gap_is_bounded() -> None:
    """Four messages may wait: if more do, they are given up, once, and asked for over the next link."""

    async def test() -> None:
        async with market_rig(adapter={"limit": 4}) as rig:
            await up(rig)
            await say(rig, "1")
            late = Late()
            rig.exchange.spoil_next("gap")
            rig.exchange.answer_next(OLD, late)
            for _ in range(9):
                await say(rig, "1")
            await rig.until(lambda: rig.losses)
            assert rig.adapter._inbox.held <= 4
            late.release()
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.25)
            await rig.settled()
            await say(rig, "1", "1")
            await rig.until_in_time(lambda: ids(rig) == list(range(1, 13)), 0.25)
            assert rig.losses == 1

    run(test)


def test_pages_are_asked_for_ahead_and_a_part_of_the_limits_is_left_to_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_PAGE", 10)

    async def test() -> None:
        async with market_rig(weight_limit=200) as rig:
            await up(rig)
            await say(rig, "1")
            rig.exchange.spoil_next(*["gap"] * 75)
            for _ in range(75):
                rig.exchange.trade("100", "1")
            late = [Late() for _ in range(4)]
            rig.exchange.answer_next(OLD, *late)
            await say(rig, "1")
            await rig.until(lambda: asked_for(rig) == 4)
            for one in late:
                one.release()
            await rig.until(lambda: len(ids(rig)) == 51)
            await rig.settled()
            assert asked_for(rig) == 5  # of 25 each, and 20 before
            assert rig.adapter._rest.reserve(weight=50)
            assert not rig.adapter._rest.reserve(weight=50)
            await rig.until_in_time(lambda: len(ids(rig)) == 77, 10)
            assert ids(rig) == list(range(1, 78))
            assert asked_for(rig) == 8

    run(test)


def test_a_gap_in_the_book_is_a_new_book() -> None:
    async def test() -> None:
        async with market_rig("book") as rig:
            await up(rig)
            for size in ("1", "2", "3"):
                if size == "3":
                    rig.exchange.spoil_next("gap")
                rig.exchange.quote("99", "101", size)
                await rig.exchange.flush()
                await rig.settled(40)
            rig.exchange.quote("98", "101", "4")
            await rig.exchange.flush()
            await rig.settled(80)
            kinds = [type(one).__name__ for one in rig.told]
            assert kinds == ["OrderBookSnapshot", "OrderBookUpdate", "OrderBookSnapshot"]
            assert rig.told[-1].book.bids.levels == (bp.Level(D(98), D(4)),)
            assert rig.adapter.gaps == 1

    run(test)


def test_a_snapshot_that_is_older_than_the_updates_is_asked_for_again() -> None:
    async def test() -> None:
        async with market_rig("book") as rig:
            await up(rig)
            listing = rig.exchange.listings["BTCUSDT"]
            rig.exchange.quote("98", "101", "2")
            listing.update_id -= 10
            await rig.exchange.flush()
            await rig.settled(60)
            assert rig.told == []
            listing.update_id += 10
            await rig.until_in_time(lambda: rig.told, 0.25)
            assert rig.told[0].book.sequence == listing.update_id

    run(test)


def test_missed_candles_are_asked_for_as_soon_as_anything_comes() -> None:
    async def test() -> None:
        async with market_rig("1m") as rig:
            await up(rig)
            await closed(rig, 0)
            rig.exchange.spoil_next("gap", "gap")
            for number in (1, 2):
                await closed(rig, number)
            await closed(rig, 3, is_closed=False)
            assert [one.close for one in rig.of(bp.Candle)] == [100, 101, 102]
            await closed(rig, 3)
            assert [one.close for one in rig.of(bp.Candle)] == [100, 101, 102, 103]

    run(test)


def test_candles_that_the_exchange_does_not_have_are_told_of() -> None:
    async def test() -> None:
        async with market_rig("1m") as rig:
            await up(rig)
            await closed(rig, 0)
            with pytest.warns(binance.BinanceWarning, match="no candles 1m"):
                await closed(rig, 5)
            assert [one.close for one in rig.of(bp.Candle)] == [100, 105]

    run(test)


def test_a_mute_socket_is_built_anew_and_its_instruments_are_stale() -> None:
    async def test() -> None:
        async with market_rig(adapter={"silence": "30s"}) as rig:
            await up(rig)
            assert rig.adapter.stale("10s") == {"btc_usdt": 0}
            await say(rig, "1")
            assert rig.adapter.stale("10s") == {}
            rig.exchange.mute()
            await rig.passes(29)
            await rig.settled()
            assert rig.losses == 0
            assert rig.adapter.stale("10s") == {"btc_usdt": START}
            await rig.passes(1)
            await rig.until(lambda: rig.losses)
            assert rig.adapter.reconnects == 1

    run(test)


def test_a_reader_that_is_too_slow_gets_a_new_link_and_no_gap() -> None:
    """Three messages may wait and five come: they are given up, and asked for later."""

    async def test() -> None:
        rig = market_rig(adapter={"limit": 3})
        async with rig:
            await up(rig)
            await say(rig, "1")
            inbox, take = rig.adapter._inbox, rig.adapter._inbox._items.popleft
            assert take
            for _ in range(5):
                rig.exchange.trade("100", "1")
            inbox._news.set, was = (lambda: None), inbox._news.set  # the reader sleeps
            await rig.exchange.flush()
            await rig.settled(40)
            inbox._news.set = was
            inbox._news.set()
            await rig.until(lambda: rig.losses)
            await rig.until_in_time(lambda: rig.exchange.sockets.open, 0.25)
            await rig.settled()
            await say(rig, "1")
            assert ids(rig) == [1, 2, 3, 4, 5, 6, 7]
            assert inbox.dropped >= 4

    run(test)


def test_nothing_waits_longer_than_a_minute_and_nobody_as_long_as_the_others() -> None:
    waits = [backoff_ns(n, Random(n)) for n in range(1, 60)]
    assert all(LONGEST_WAIT_NS // 2 <= wait <= LONGEST_WAIT_NS for wait in waits[8:])
    assert len(set(waits)) == len(waits)
    assert waits[0] <= 5 * 10**8


def test_a_link_that_works_again_is_not_held_to_its_past() -> None:
    """However often it was lost before: half a second is enough, when something has come in between."""

    async def test() -> None:
        async with market_rig() as rig:
            for count in range(1, 7):
                await up(rig)
                await say(rig, "1")
                await rig.exchange.close_sockets(1011)
                await rig.until(lambda count=count: rig.losses == count)
                await rig.passes(0.5)
                await rig.until(lambda: rig.exchange.sockets.open)

    run(test)


def test_what_is_not_the_exchanges_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown: \\['ticker'\\]"):
        binance.BinanceMarket([BTC], ["ticker"])
    with pytest.raises(ConfigError, match="okx|binance_spot"):
        binance.BinanceMarket([Instrument("okx", "btc_usdt")])
    with pytest.raises(ConfigError, match="depth is 5001"):
        binance.BinanceMarket([BTC], ["book"], depth=5001)
    with pytest.raises(ConfigError, match=r"streams are \[\]"):
        binance.BinanceMarket([BTC], [])
    many = [Instrument("binance_spot", f"a{number}_usdt") for number in range(600)]
    with pytest.raises(ConfigError, match="1200 streams"):
        binance.BinanceMarket(many)


def test_an_instrument_with_another_tick_is_refused_before_prices_come() -> None:
    async def test() -> None:
        coarse = Instrument("binance_spot", "btc_usdt", price_increment="0.1", name_exchange="BTCUSDT")
        rig = market_rig()
        rig.make = lambda rig: binance.BinanceMarket([coarse], endpoints=rig.exchange.endpoints, clock=rig.clock)
        async with rig:
            with pytest.raises(ConfigError, match=r"price_increment 0\.1, and the exchange says 0\.01"):
                await rig.until(lambda: rig.told)

    run(test)


def test_a_server_that_shuts_down_is_left_at_once() -> None:
    async def test() -> None:
        async with market_rig() as rig:
            await up(rig)
            rig.exchange.sockets.open[next(iter(rig.exchange.sockets.open))].add("!serverShutdown")
            rig.exchange.say("!serverShutdown", {"e": "serverShutdown", "E": START_MS})
            await rig.exchange.flush()
            await rig.until(lambda: rig.losses)

    run(test)
