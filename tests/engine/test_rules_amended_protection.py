"""Rule 101: rows of a schedule amend what protects the orders of earlier rows."""

from __future__ import annotations

from typing import Any

import pytest

from barter_bt.errors import StrategyError
from tests.engine.tiny import run, schedule, table, trades

MARKET = trades((0, 100, 9), (1, 100, 9), (2, 103, 9), (3, 106, 9), (4, 101, 9), (5, 95, 9), (6, 90, 9))
BOUGHT = {"at": 0.5, "buy": 2, "stop_loss": 91, "take_profit": 120}
WIDE = {"at": 0.5, "buy": 2, "trailing_stop": 9}


def given(*rows: dict[str, Any], interpret: bool = True, **options: Any) -> list[tuple[Any, ...]]:
    """What each amend gave, to which order, and what became of it."""
    result = run(MARKET, schedule(*rows, **options), interpret=interpret)
    return table(result.amends, "order_id", "price", "quantity", "trigger", "trailing", "trailing_rate", "status")


@pytest.mark.parametrize("entry", [{"at": 0.5, "buy": 2}, {"at": 0.5, "target": 2}], ids=["open", "target"])
def test_rule_101_a_stop_is_pulled_up_and_a_take_profit_down(entry: dict[str, Any]) -> None:
    """To break even at 101 it leaves there at the trade of that price; the take profit at 106 leaves first."""
    entry = entry | {"stop_loss": 91, "take_profit": 120}
    for amend, price in (({}, 90), ({"stop_loss": 101}, 101), ({"stop_loss": 101, "take_profit": 105}, 105)):
        rows = [entry, {"at": 1.5, "amend": 0, **amend}] if amend else [entry]
        result = run(MARKET, schedule(*rows))
        assert result.trades["price"].to_list() == [100, price]


@pytest.mark.parametrize("interpret", [True, False])
def test_rule_101_the_stop_comes_before_the_take_profit_behind_the_order_itself(interpret: bool) -> None:
    entry = {"at": 0.5, "buy": 2, "limit": 95, "stop_loss": 91, "take_profit": 120}
    row = {"at": 1.5, "amend": 0, "limit": 96, "stop_loss": 92, "take_profit": 119}
    assert given(entry, row, interpret=interpret) == [
        (0, 96, None, None, None, None, "done"),
        (1, None, None, 92, None, None, "done"),
        (2, 119, None, None, None, None, "done"),
    ]


def test_rule_101_a_distance_is_of_the_unit_of_the_schedule() -> None:
    for by, entry, now in (("distance", 9, 2), ("fraction", 0.09, 0.02)):
        rows = given(WIDE | {"trailing_stop": entry}, {"at": 1.5, "amend": 0, "trailing_stop": now}, protect_by=by)
        told = (now, None) if by == "distance" else (None, now)
        assert rows == [(1, None, None, None, *told, "done")]


def test_rule_101_what_is_not_protected_has_nothing_to_amend() -> None:
    """A sale of what is held is not protected, nor is an entry that is passed over."""
    sold = {"at": 1.2, "sell": 1, "stop_loss": 110}
    assert given({"at": 0.5, "buy": 2}, sold, {"at": 2.5, "amend": 1, "stop_loss": 109}) == []
    off = run(MARKET, schedule(BOUGHT, {"at": 1.5, "amend": 0, "stop_loss": 101}), trading="disabled")
    assert (off.orders.height, off.amends.height) == (0, 0)


def test_rule_101_what_has_ended_is_refused() -> None:
    """Out at 106, the stop has ended: the amend is refused (rule 33)."""
    rows = BOUGHT | {"take_profit": 105}, {"at": 4.5, "amend": 0, "stop_loss": 94}
    assert given(*rows) == [(1, None, None, 94, None, None, "refused")]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([{"at": 0.5, "buy": 2}, {"at": 1, "amend": 0, "stop_loss": 90}], {}, "a stop_loss of what has none"),
        ([BOUGHT, {"at": 1, "amend": 0, "trailing_stop": 2}], {}, "a trailing_stop of what has none"),
        ([WIDE, {"at": 1, "amend": 0, "take_profit": 120}], {}, "a take_profit of what has none"),
        ([BOUGHT, {"at": 1, "amend": 0, "stop_loss": 90.5}], {}, "off the grid"),
        ([BOUGHT, {"at": 1, "amend": 0, "stop_loss": 9}], {"protect_by": "distance"}, "that is no price"),
        ([BOUGHT, {"at": 1, "cancel": 0, "stop_loss": 90}], {}, "stop_loss where it has no effect"),
        ([BOUGHT, {"at": 1, "amend": 0, "stop": 90}], {}, "stop where it has no effect"),
        (
            [{"at": 1, "target": 2, "stop_loss": 90}, {"at": 1, "amend": 0, "stop_loss": 91}],
            {},
            "a target that is not followed before",
        ),
        (
            [{"at": 1, "target": None, "stop_loss": 90}, {"at": 2, "amend": 0, "stop_loss": 91}],
            {},
            "a target that is not followed before",
        ),
        ([{"at": 1, "target": 2}, {"at": 2, "amend": 0, "quantity": 3}], {}, "an amend of a target's order"),
        ([BOUGHT, {"at": 2, "amend": 0}], {}, "an amend that gives nothing"),
    ],
)
def test_rule_101_what_cannot_be_is_told(rows: list[Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(StrategyError, match=message):
        run(MARKET, schedule(*rows, **options))
