"""What users give as terms, set in place: fractions, amounts and lengths of time, however they are written."""

from __future__ import annotations

from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError, InstrumentError
from barter_bt.instrument.number import decimal, fraction

_LEAST = 1e-9


def set_fraction(one: object, name: str, what: str) -> float:
    """A rate as a float, whatever it was written as."""
    rate = float(fraction(getattr(one, name), what))
    object.__setattr__(one, name, rate)
    return rate


def set_rate(one: object, name: str, what: str) -> float:
    """A rate that counts in whole 1e-9 (rule 3): one that would round to nothing, or to twice itself, is refused."""
    rate = set_fraction(one, name, what)
    if 0 < abs(rate) < _LEAST:
        raise ConfigError(f"{what} is {rate}; allowed: 0, or 1e-9 and more", "rates count in whole 1e-9: leave it out")
    return rate


def refuse_rate(rate: float, what: str) -> None:
    """A rate of fees beyond what any exchange takes was meant as something else."""
    if not -0.01 <= rate <= 0.2:
        raise ConfigError(f"{what} is {rate}; allowed: -0.01 to 0.2", 'rates are fractions: 0.1 % is 0.001, or "0.1%"')


def set_amount(one: object, name: str, what: str) -> float:
    """An amount of money as a float."""
    try:
        amount = float(decimal(getattr(one, name), what))
    except InstrumentError as error:
        raise ConfigError(error.message, error.hint or "write a number") from error
    object.__setattr__(one, name, amount)
    return amount


def set_duration(one: object, name: str, longest_ns: int) -> None:
    """A length of time in nanoseconds, whatever it was written as."""
    given = getattr(one, name)
    if not isinstance(given, int | str) or isinstance(given, bool):
        raise ConfigError(
            f"{name} is {given!r}; it is a whole number of nanoseconds, or text", 'write 1_000_000 or "1ms"'
        )
    delay = duration_ns(given, name)
    if delay < 0:
        raise ConfigError(f"{name} is {given!r}; it must not be negative")
    if delay > longest_ns:
        raise ConfigError(
            f"{name} is {given!r}, which is {delay} ns; allowed: up to {longest_ns} ns", 'write for example "10ms"'
        )
    object.__setattr__(one, name, delay)
