"""Pages of the reference that are written from the program: commands, configuration, importers, state, and others."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from barter_bt.backtest.config import schema
from barter_bt.cli import app
from barter_bt.columns.table import Table
from barter_bt.data import IMPORTERS
from barter_bt.engine.state.tables import EngineState
from docs.names import found

ROOT = Path(__file__).parents[1]
STATE = ("event", "instruments", "assets", "orders", "terms", "health", "trades", "positions")
"""Tables of the state that strategies read."""


def pages() -> dict[str, str]:
    """The text of each page by its file."""
    return {
        "cli.md": command_line(),
        "configuration.md": configuration(),
        "importers.md": importers(),
        "state.md": state(),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text("utf-8"),
        "decisions.md": decisions(),
    }


def command_line() -> str:
    """Every command with its help."""
    with patch.object(sys, "argv", ["barter-bt"]):  # usages begin with the name of the program that runs
        text: str = app.generate_docs(output_format="markdown")
    head, _, rest = text.partition("## Table of Contents")
    commands = re.sub(r", --(?:no|empty)-[\w-]+", "", rest[rest.index("**Commands**") :])
    return head.replace("# barter-bt", "# Command line", 1) + commands


def configuration() -> str:
    """The keys of a configuration file, section by section."""
    whole = schema()
    sections = whole["$defs"]
    parts = [
        "# Configuration",
        "The keys of a file that `barter-bt backtest` reads. `barter-bt schema` prints the same as a JSON schema, "
        "which editors understand. A key that is not listed here is an error. How to write such a file is told in "
        "[Use the command line](../how_to/command_line.md).",
    ]
    for name in ("File", *(one for one in sections if one != "File")):
        section = sections[name]
        title = "The file" if name == "File" else name.removesuffix("Section")
        parts += [f"## {title} {{ #{name} }}", section.get("description", ""), _keys(section)]
    return "\n\n".join(filter(None, parts)) + "\n"


def importers() -> str:
    """What is known of each layout of files."""
    parts = [
        "# Importers",
        "Layouts of files that `bt.data.load` and `barter-bt data import` know, each as it was found, with what is odd "
        "about it. How to use them is told in [Import files that you have](../how_to/import_files.md).",
    ]
    for one in IMPORTERS.values():
        layout = one.layout.replace("\t", " ")
        needs = f", needs {', '.join(f'`{name}`' for name in one.needs)}" if one.needs else ""
        quirks = "\n".join(f"- {quirk}" for quirk in one.quirks)
        parts += [f"## {one.name} {{ #{one.name} }}", f"Becomes {one.kind}{needs}. Columns: `{layout}`", quirks]
        parts.append(f"From: {one.source}.")
    return "\n\n".join(parts) + "\n"


def _keys(section: dict[str, Any]) -> str:
    rows = ["| key | type | meaning |", "|---|---|---|"]
    for key, value in section["properties"].items():
        required = ", required" if key in section.get("required", ()) else ""
        rows.append(f"| `{key}` | {_type(value)}{required} | {_cell(value.get('description', ''))} |")
    return "\n".join(rows)


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[table](#{name})"
    if "anyOf" in value:
        return " or ".join(_type(one) for one in value["anyOf"]).replace("whole number or number", "number")
    if "enum" in value:
        return " or ".join(f'`"{one}"`' for one in value["enum"])
    if "prefixItems" in value:
        return f"list of {', '.join(_type(one) for one in value['prefixItems'])}"
    if value.get("type") == "array":
        return f"list of {_type(value['items'])}"
    if value.get("type") == "object":
        inner = value.get("additionalProperties")
        return f"table of {_type(inner)}" if isinstance(inner, dict) and inner else "table"
    names = {"string": "text", "boolean": "true or false", "integer": "whole number"}
    kind: str = value.get("type", "any")
    return names.get(kind, kind)


def state() -> str:
    """The columns of the engine's state, from the comments beside them."""
    parts = [
        "# State columns",
        "What the state `s` of a compiled strategy holds, and `state.raw` of one in Python: tables of integer columns. "
        "`s.instruments.quantity[i]` is the position of instrument `i` in lots. Times are nanoseconds since 1970 UTC, "
        "prices ticks, quantities lots, money units of its asset ([Money and units](../concepts/money.md)). Rows are "
        "numbered by exchange and name. The functions of [`barter_bt.strategy.api`](api/strategy.api.md) give the same "
        "in natural units.",
    ]
    for name in STATE:
        table = found("barter_bt.engine.state.tables", inspect.get_annotations(EngineState)[name])
        about = table.docstring.value if table.docstring else ""
        parts += [f"## `{name}`", about.replace("``", "`"), _columns(table.path)]
    return "\n\n".join(parts) + "\n"


def _columns(path: str) -> str:
    module, _, name = path.rpartition(".")
    table: type[Table] = getattr(importlib.import_module(module), name)
    lines = inspect.getsource(table).splitlines()
    rows = ["| column | meaning |", "|---|---|"]
    for node in ast.parse("\n".join(lines)).body[0].body:  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            comment = lines[node.lineno - 1].partition("  # ")[2]
            rows.append(f"| `{node.target.id}` | {_cell(comment)} |")
    return "\n".join(rows)


def decisions() -> str:
    """Every decision by its number and title."""
    parts = ["# Decisions", "Why things are as they are: what was measured or argued, and what was rejected."]
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    return "\n\n".join([*parts, "\n".join(f"- {_decision(file)}" for file in files)]) + "\n"


def _decision(file: Path) -> str:
    title = file.read_text("utf-8").partition("\n")[0].removeprefix("# ")
    return f"{file.name[:4]}: [{re.sub(r'^[0-9]+[.:] ', '', title)}](../decisions/{file.name})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
