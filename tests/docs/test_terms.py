"""The table of an order's terms, held against what the program takes."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import barter_bt as bt
from barter_bt.backtest.config.sections import CommandSection
from barter_bt.protocol import Conditions
from barter_bt.strategy import Schedule, api

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "terms.md"
PLAIN = {"instrument", "quantity", "price", "post_only", "protect_by"}  # what every order has, and a unit


def columns() -> list[set[str]]:
    """The names in each column of the table, from the third on."""
    lines = PAGE.read_text("utf-8").split("| term |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [[set(re.findall(r"`(\w+)`", cell)) for cell in line.split("|")[3:-1]] for line in lines]
    return [set.union(*cells) for cells in zip(*rows, strict=True)]


def test_every_name_is_one() -> None:
    python, compiled, schedule, toml, events = columns()
    assert python <= {field.name for field in dataclasses.fields(bt.OrderRequest)}
    assert [name for name in compiled if not callable(getattr(api, name, None))] == []
    assert [name for name in schedule if f"``{name}``" not in str(Schedule.__doc__)] == []
    assert toml <= set(CommandSection.__struct_fields__)
    assert events <= set(Conditions.__struct_fields__)


def test_nothing_is_missing() -> None:
    """A new term of a request, or a new condition, has its row."""
    python, _, _, toml, events = columns()
    assert {field.name for field in dataclasses.fields(bt.OrderRequest)} - PLAIN == python
    assert set(Conditions.__struct_fields__) - {"triggered"} == events
    plain = {"time", "command", "exchange", "order", "trigger", "amount"} | PLAIN
    assert set(CommandSection.__struct_fields__) - plain == toml
