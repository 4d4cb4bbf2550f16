"""What Binance says, kept as it says it, and read again: the same events; keys are never in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.live import Recorder, binance, read_raw
from barter_bt.live.raw import RawRecorder
from barter_bt.testing.exchange import LoopbackExchange, LoopbackFutures, Status
from tests.live.binance.futures_rig import PERP
from tests.live.binance.rig import BTC, Rig, market_rig, order, run


def recorder(where: Path, rows: int = 50_000) -> RawRecorder:
    made = RawRecorder(where / "raw", rows)
    made.begin()
    return made


async def same_again(rig: Rig, where: Path, **options: Any) -> None:
    """What the raw messages tell is what was told, by stream: what was missed stands where it was missed."""
    told = [event for arrival in rig.arrivals for event in arrival.events]
    assert by_stream(await binance.from_raw(where, [BTC], **options)) == by_stream(told)
    assert told


def by_stream(events: Sequence[Any]) -> dict[str, list[Any]]:
    found = defaultdict[str, list[Any]](list)
    for event in events:
        kind = type(event.event.value.kind).__name__ if isinstance(event.event, bp.Item) else "lost"
        found["book" if kind.startswith("OrderBookS") or kind.startswith("OrderBookU") else kind].append(event)
    return dict(found)


def test_a_market_is_read_again_as_it_was(tmp_path: Path) -> None:
    """Trades with a gap, one that comes twice and one too late; books with their snapshots; a lost link; candles."""

    async def test() -> None:
        kept = recorder(tmp_path, rows=5)
        async with market_rig("trades", "quotes", "book", "1m", adapter={"raw": kept}) as rig:
            say = rig.exchange
            await rig.until(lambda: say.sockets.open)
            for how in (None, "gap", None, "duplicate", "reorder", None, None):
                if how:
                    say.spoil_next(how)
                say.trade("100", "1")
                say.quote("99", "101")
                await say.flush()
                await rig.settled()
            await say.close_sockets(1011)
            await rig.until(lambda: rig.losses == 1)
            say.trade("102", "3")
            await rig.until_in_time(lambda: say.sockets.connections == 2 and say.sockets.open, 0.25)
            say.trade("103", "3")
            say.quote("98", "104", "7")
            say.candle(1_700_000_000_000, 1_700_000_060_000, ["1", "2", "0.5", "1.5"])
            await say.flush()
            await rig.until(lambda: rig.of(bp.Candle) and len(rig.of(bp.PublicTrade)) == 9)
            ids = [int(one.id) for one in rig.of(bp.PublicTrade)]
            assert ids == list(range(1, 10))
            assert rig.of(bp.OrderBookSnapshot)
            kept.close()
            await same_again(rig, tmp_path)

    run(test)
    rows = read_raw(tmp_path)
    assert set(rows["kind"]) == {"text", "answer", "lost"}
    assert rows["connection"].drop_nulls().unique().sort().to_list() == [0, 1]
    assert set(rows.filter(pl.col("kind") == "text")["source"].str.slice(0, 15)) == {"ws://127.0.0.1:"}
    assert rows["time"].is_sorted()
    assert len(list((tmp_path / "raw").glob("part-*.parquet"))) > 2


def test_what_could_not_be_asked_for_and_what_was_given_up_is_missing_again(tmp_path: Path) -> None:
    async def test() -> None:
        kept = recorder(tmp_path)
        async with market_rig("trades", adapter={"raw": kept, "limit": 3}) as rig:
            say = rig.exchange
            await rig.until(lambda: say.sockets.open)
            for price in ("1", "2"):
                say.trade(price, "1")
                await say.flush()
            await rig.until(lambda: len(rig.of(bp.PublicTrade)) == 2)
            say.answer_next("GET /api/v3/historicalTrades", Status(503), Status(429, retry_after=1))
            say.spoil_next("gap")
            say.trade("3", "1")
            say.trade("4", "1")
            await say.flush()
            with pytest.warns(binance.BinanceWarning, match="is asked for again"):
                await rig.until_in_time(lambda: len(rig.of(bp.PublicTrade)) == 4, 0.25)
            say.trade("5", "1")
            await say.flush()
            await rig.until(lambda: len(rig.of(bp.PublicTrade)) == 5)
            inbox = rig.adapter._inbox
            inbox._news.set, was = (lambda: None), inbox._news.set  # the reader sleeps, and more come than may wait
            for price in range(6, 16):
                say.trade(str(price), "1")
            await say.flush()
            await rig.until(lambda: inbox.dropped)
            inbox._news.set = was
            inbox._news.set()
            await rig.until_in_time(lambda: rig.losses == 1, 0.25)
            await rig.until_in_time(lambda: say.sockets.connections == 2 and say.sockets.open, 0.25)
            say.trade("16", "1")
            await say.flush()
            await rig.until_in_time(lambda: len(rig.of(bp.PublicTrade)) == 16, 0.25)
            kept.close()
            await same_again(rig, tmp_path)

    run(test)
    kinds = read_raw(tmp_path)["kind"].to_list()
    assert kinds.count("failed") == 2
    assert "given_up" in kinds


def test_what_a_killed_program_had_heard_is_there(tmp_path: Path) -> None:
    kept = recorder(tmp_path, rows=3)
    for number in range(5):
        kept.saw(number, kept.connect(), "market", "ws://x", "text", f'{{"n":{number}}}')
    kept._journal.close()  # type: ignore[union-attr] # it is killed
    assert read_raw(tmp_path)["raw"].to_list() == [f'{{"n":{number}}}' for number in range(5)]
    again = recorder(tmp_path)
    assert again.connect() == 5
    again.saw(9, 5, "market", "ws://x", "text", "later")
    again.close()
    assert read_raw(tmp_path)["raw"].to_list()[3:] == ['{"n":3}', '{"n":4}', "later"]


def files_under(where: Path) -> bytes:
    """All that is written, unpacked."""
    frames = [pl.read_parquet(path).write_json() for path in where.rglob("*.parquet")]
    return "".join(frames).encode() + b"".join(path.read_bytes() for path in where.rglob("*.json*"))


def test_no_key_and_no_signature_is_kept_of_an_account(tmp_path: Path) -> None:
    async def test() -> None:
        kept = recorder(tmp_path)
        keys = {"key": "K" * 64, "secret": "S" * 64}

        def make(rig: Rig) -> binance.BinanceAccount:
            given: dict[str, Any] = {"dry_run": False, "clock": rig.clock, "raw": kept}
            return binance.BinanceAccount(
                [BTC], binance.Keys(*keys.values()), endpoints=rig.exchange.endpoints, **given
            )

        async with Rig(make, LoopbackExchange, **keys) as rig:
            await rig.ready()
            rig.adapter.open(order())
            await rig.until(rig.states)
            rig.exchange.answer_next("POST /api/v3/order", Status(400, message=f"bad {'K' * 64}"))
            rig.adapter.open(order("b"))
            await rig.until(lambda: "failed" in kept_kinds(kept))
        kept.close()

    run(test)
    rows = read_raw(tmp_path)
    assert {"text", "answer", "failed"} <= set(rows["kind"])
    assert set(rows["adapter"]) == {"account"}
    told = files_under(tmp_path)
    assert b"executionReport" in told
    for secret in (b"K" * 64, b"S" * 64, b"signature"):
        assert secret not in told


def kept_kinds(kept: RawRecorder) -> list[str]:
    return [row[4] for row in kept._rows]


def test_no_listen_key_is_kept(tmp_path: Path) -> None:
    """Neither of the address, also where that cannot be reached, nor of the message that says that it has expired."""
    used: list[str] = []

    async def test() -> None:
        kept = recorder(tmp_path)

        def make(rig: Rig) -> binance.FuturesAccount:
            given: dict[str, Any] = {"dry_run": False, "clock": rig.clock, "raw": kept}
            return binance.FuturesAccount(
                [PERP], binance.Keys("key-of-mine", "secret-of-mine"), endpoints=rig.exchange.endpoints, **given
            )

        keys = {"key": "key-of-mine", "secret": "secret-of-mine"}
        async with Rig(make, LoopbackFutures, **keys) as rig:
            await rig.ready()
            address = await rig.adapter._address()
            used.append(address.rpartition("/")[2])
            expired = {"e": "listenKeyExpired", "E": 1, "listenKey": used[0]}
            rig.exchange.sockets.say(rig.exchange.sockets.ACCOUNT, expired)
            await rig.exchange.flush()
            await rig.until(lambda: rig.losses == 1)
            rig.exchange.is_down = True
            await rig.until_in_time(lambda: kept_kinds(kept).count("lost") > 1, 0.25)
        kept.close()

    run(test)
    told = files_under(tmp_path)
    assert used[0]
    assert used[0].encode() not in told
    assert b"listenKeyExpired" in told
    assert b"key-of-mine" not in told


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ('{"e":"listenKeyExpired","listenKey" : "abc","E":1}', '{"e":"listenKeyExpired","listenKey" : "***","E":1}'),
        ("wss://x/private/ws?listenKey=abc&y=1", "wss://x/private/ws?listenKey=***&y=1"),
        ("url='https://x/api/v3/order?symbol=A&signature=0abc'", "url='https://x/api/v3/order?symbol=A&signature=***'"),
        ('{"apiKey":"abc"}', '{"apiKey":"***"}'),
        ('{"signatureless":"abc"}', '{"signatureless":"abc"}'),
    ],
)
def test_secrets_that_nobody_has_named_are_not_written_either(tmp_path: Path, said: str, written: str) -> None:
    kept = recorder(tmp_path)
    kept.saw(1, None, "account", said, "text", said)
    kept.close()
    assert read_raw(tmp_path).select("source", "raw").row(0) == (written, written)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no raw messages"):
        read_raw(tmp_path)
    kept = recorder(tmp_path)
    kept.close()
    head = tmp_path / "raw" / "raw.json"
    head.write_text(head.read_text().replace("raw 1", "raw 0"))
    with pytest.raises(ConfigError, match="raw 0"):
        read_raw(tmp_path)
    assert Recorder(tmp_path).raw is None
