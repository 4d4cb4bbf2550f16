"""Fees that go by what was traded in the days before (rule 62)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError
from barter_bt.venue.given import refuse_rate, set_amount, set_rate

_DAY_NS = 86_400_000_000_000
_SECOND_NS = 1_000_000_000
_LONGEST_NS, _MOST_INTERVALS = 365 * _DAY_NS, 10_000
_LEVEL_HINT = "write FeeLevel(1_000_000, maker=0.0009, taker=0.001), or (1_000_000, 0.0009, 0.001)"


@dataclass(frozen=True)
class FeeLevel:
    """The rates from a volume on.

    Parameters
    ----------
    volume
        What must have been traded, at least, in the asset that :class:`FeeTiers` names.
    maker, taker
        Fractions of the notional, or text such as ``"0.09%"``; a negative maker rate is a rebate.

    Examples
    --------
    >>> FeeLevel(1_000_000, "0.09%", "0.1%").maker
    0.0009
    """

    volume: float
    maker: float
    taker: float

    def __post_init__(self) -> None:
        if not set_amount(self, "volume", "volume of a level") >= 0:
            raise ConfigError(f"volume of a level is {self.volume}; it must not be negative")
        for name in ("maker", "taker"):
            refuse_rate(set_rate(self, name, f"{name} fee of a level"), f"{name} fee of a level")


@dataclass(frozen=True)
class FeeTiers:
    """Rates by the volume of the days before, which exchanges look at once a day (rule 62).

    What the account has traded at the exchange in the last thirty days of UTC, today left out, decides the rates of
    today. Sizes that leave room for fees know them.

    Parameters
    ----------
    levels
        Volumes and rates, ascending: :class:`FeeLevel`, or ``(volume, maker, taker)``. Below the first the plain rates
        of the :class:`Fees` hold.
    asset
        In which volume counts: an asset of the exchange. The notional of what is quoted in another is converted at the
        price of a spot instrument of the exchange between the two.
    window
        How many days.
    every
        Length of a "day", such as ``"1d"``: whole seconds. Days begin at its multiples since 1970 UTC.
    volume_before
        What was traded on each day before the run; 0: nothing.

    Examples
    --------
    >>> tiers = FeeTiers([(1_000_000, 0.0009, 0.001), (5_000_000, 0.0008, 0.001)], asset="usdt")
    >>> tiers.levels[1].volume
    5000000.0
    """

    levels: Sequence[FeeLevel]
    asset: str
    window: int = 30
    every: str | int = "1d"
    volume_before: float = 0.0

    def __post_init__(self) -> None:
        given: Any = self.levels
        if isinstance(given, str) or not isinstance(given, Sequence) or not given:
            raise ConfigError(f"levels of fee tiers is {given!r:.60}; it must be a list of levels", _LEVEL_HINT)
        object.__setattr__(self, "levels", tuple(_level(one) for one in given))
        volumes = [one.volume for one in self.levels]
        if sorted(set(volumes)) != volumes:
            raise ConfigError(f"levels of fee tiers have the volumes {volumes}; they must ascend")
        asset, window = cast(Any, self.asset), cast(Any, self.window)
        if not isinstance(asset, str) or not asset:
            raise ConfigError(f"asset of fee tiers is {self.asset!r}; it must be a name", 'write asset="usdt"')
        if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= _MOST_INTERVALS:
            raise ConfigError(f"window of fee tiers is {self.window!r}; allowed: whole numbers from 1 to 10,000")
        every = duration_ns(self.every, "every of fee tiers")
        if not 0 < every <= _LONGEST_NS or every % _SECOND_NS:
            raise ConfigError(
                f"every of fee tiers is {self.every!r}; allowed: whole seconds, at most 365 days", 'a day is "1d"'
            )
        object.__setattr__(self, "every", every)
        if not set_amount(self, "volume_before", "volume before the run") >= 0:
            raise ConfigError(f"volume_before of fee tiers is {self.volume_before}; it must not be negative")

    @property
    def every_ns(self) -> int:
        """Length of a day in nanoseconds."""
        return int(self.every)


def _level(given: Any) -> FeeLevel:
    if isinstance(given, FeeLevel):
        return given
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 3:
        raise ConfigError(f"a level of fee tiers is {given!r:.60}; it must be FeeLevel", _LEVEL_HINT)
    return FeeLevel(*given)
