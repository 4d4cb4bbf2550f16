"""Decimals and times: exact, spelled as Barter spells them, refused where Barter would lose something."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.protocol import ProtocolError, from_dict, from_json, to_dict, to_json
from barter_bt.protocol.fault import Fault
from barter_bt.protocol.time import Time, _starts, parse_time

DECIMALS = ("", ".", ".5", ".123456789", ".1234567890", ".1234567891", ".\u0662", ".1_0", ".+1", ".000")
ZONES = ("Z", "z", "+01:00", "UTC", "", " Z")
LARGEST = "79228162514264337593543950335"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        # What Barter reads and how it writes it again, printed by its rust_decimal.
        ("0", "0"),
        ("-0", "0"),
        ("0.0", "0.0"),
        ("-0.0", "0.0"),
        ("1.50", "1.50"),
        ("1e3", "1000"),
        ("1E-3", "0.001"),
        ("1_000", "1000"),
        ("+1", "1"),
        (".5", "0.5"),
        ("5.", "5"),
        (LARGEST, LARGEST),
        ("0.0000000000000000000000000001", "0.0000000000000000000000000001"),
        ("1.5e2", "150"),
        ("1_", "1"),
        # The same value in fewer digits.
        ("0.10000000000000000000000000000000", "0.1"),
        ("0.000000000000000000000000000000000000", "0." + "0" * 28),
        ("7922816251426433759354395033.5", "7922816251426433759354395033.5"),
        ("79228162514264337593543950335.000", LARGEST),
    ],
)
def test_decimals(text: str, written: str) -> None:
    value = from_dict(Decimal, text)
    assert value == Decimal(text.replace("_", ""))
    assert to_dict(value) == written
    assert to_dict(Decimal(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        *("", "abc", "NaN", "Infinity", "-", " 1", "0x1", ".", "1e", "1e29", "1e-40", "79228162514264337593543950336"),
        *(
            "0.00000000000000000000000000001",
            "0.12345678901234567890123456789",
            "1e9999",
            "-1e-9999",
            "\u0661",
            "1e99999",
        ),
    ],
)
def test_decimals_that_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match=r"^\$: expected a decimal"):
        from_dict(Decimal, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("0.1", "0.1"),
        ("1.10", "1.10"),
        ("1e3", "1000"),
        ("0.1234567890123456789012", "0.1234567890123456789012"),
    ],
)
def test_decimals_in_numbers_lose_no_digit(text: str, value: str) -> None:
    assert to_dict(from_json(Decimal, text)) == value


@pytest.mark.parametrize("text", ["null", "true", "1e400", "1e999999999", "1e-999999999", "1" * 30])
def test_numbers_that_are_no_decimals(text: str) -> None:
    with pytest.raises(ProtocolError, match=r"^\$: expected a decimal"):
        from_json(Decimal, text)


def test_a_float_is_what_its_shortest_text_says() -> None:
    assert from_dict(Decimal, 0.1) == Decimal("0.1")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_as_written(number: float) -> None:
    text = to_json(number)
    assert float(text) == number
    assert from_json(float, text) == number


@pytest.mark.parametrize(
    ("text", "written"),
    [
        # What Barter reads and how it writes it again, printed by its chrono.
        ("2024-12-20T19:05:18Z", "2024-12-20T19:05:18Z"),
        ("2024-12-20T19:05:18.1Z", "2024-12-20T19:05:18.100Z"),
        ("2024-12-20T19:05:18.120Z", "2024-12-20T19:05:18.120Z"),
        ("2024-12-20T19:05:18.000001Z", "2024-12-20T19:05:18.000001Z"),
        ("2024-12-20T19:05:18.000000001Z", "2024-12-20T19:05:18.000000001Z"),
        ("2024-12-20t19:05:18z", "2024-12-20T19:05:18Z"),
        ("2024-12-20 19:05:18Z", "2024-12-20T19:05:18Z"),
        ("2024-12-20T19:05:18+01:00", "2024-12-20T18:05:18Z"),
        ("2024-12-20T19:05:18-0130", "2024-12-20T20:35:18Z"),
        ("2024-12-20T19:05:18 +01:00", "2024-12-20T18:05:18Z"),
        ("2024-12-20T19:05:18-00:00", "2024-12-20T19:05:18Z"),
        ("2024-1-2T3:4:5Z", "2024-01-02T03:04:05Z"),
        ("2024-12-20T19:05:18 UTC", "2024-12-20T19:05:18Z"),
        ("2024-12-20  19:05:18Z", "2024-12-20T19:05:18Z"),
        ("2024-12-20T19:05:18\u221201:00", "2024-12-20T20:05:18Z"),
        ("1677-09-21T00:12:43.145224192Z", "1677-09-21T00:12:43.145224192Z"),
        ("2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775807Z"),
        ("2024-12-20T19:05:18.1230000000000Z", "2024-12-20T19:05:18.123Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ],
)
def test_times(text: str, written: str) -> None:
    assert to_dict(from_dict(Time, text), Time) == written


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *[
            (f"2024-12-20T{rest}", "RFC 3339")
            for rest in ("19:05:18", "19:05Z", "19:05:18.Z", "19:05:18+1:00", "19:05:18+01")
        ],
        ("2024-12-20", "RFC 3339"),
        ("2024-12-20T24:00:00Z", "hours to 23"),
        ("2024-12-20T19:05:18+25:00", "hours to 23"),
        ("2024-02-30T00:00:00Z", "calendar"),
        ("2016-12-31T23:59:60Z", "leap second"),
        ("2024-12-20T19:05:18.0000000019Z", "nine decimals"),
        ("1677-09-21T00:12:43.145224191Z", "1677-09-21"),
        ("2262-04-11T23:47:16.854775808Z", "2262-04-11"),
        ("+10000-01-01T00:00:00Z", "2262-04-11"),
        ("-0001-01-01T00:00:00Z", "1677-09-21"),
        ("0000-01-01T00:00:00Z", "1677-09-21"),
        (1734721518175, "RFC 3339"),
        (None, "RFC 3339"),
    ],
)
def test_times_that_are_refused(text: object, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        from_dict(Time, text)


@given(st.datetimes(datetime(1678, 1, 1), datetime(2262, 1, 1)))
def test_times_are_those_of_the_standard_library(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    time_ns = from_dict(Time, moment.isoformat())
    assert divmod(time_ns, 1000) == ((moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND, 0)
    assert datetime.fromisoformat(to_dict(time_ns, Time)) == moment


_MICROSECOND = datetime.resolution


@pytest.mark.parametrize(
    "second", ["2024-12-20T19:05:18", "1677-09-21T00:12:43", "2262-04-11T23:47:16", "2016-12-31T23:59:60"]
)
def test_times_of_a_second_that_is_known_are_read_as_others(second: str) -> None:
    """The second of a time is looked up when it was read before: the same times, the same errors."""

    def read(text: str) -> int | str:
        try:
            return parse_time(text)
        except Fault as fault:
            return str(fault.error("$"))

    texts = [second + decimals + zone for decimals in DECIMALS for zone in ZONES]
    for first in texts:
        for other in texts:
            _starts.clear()
            alone = read(other)
            _starts.clear()
            read(first)
            assert read(other) == alone
