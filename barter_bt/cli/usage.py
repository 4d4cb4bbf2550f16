"""What is said of words that are no command: what is wrong or missing, and how the command is called."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

from cyclopts import Argument, CycloptsError, MissingArgumentError

from barter_bt.cli.app import app


def usage_error(error: CycloptsError) -> str:
    """What is wrong, and the words that the command cannot do without."""
    called, there = ["barter-bt", *(error.command_chain or ())], app
    for word in called[1:]:
        there = there[word]
    if not isinstance(error, MissingArgumentError) or error.argument is None:
        return f"error: {error}\nHint: {' '.join(called)} --help"
    arguments = there.assemble_argument_collection(parse_docstring=True)
    what = next(_told(one) for one in arguments if one.name == error.argument.name)
    if error.keyword is not None:
        return f"error: {error.keyword} has no value{what}\nHint: {' '.join(called)} --help"
    called += [_written(one.name) for one in arguments if one.required and one.name != "*"]
    return f"error: {error.argument.name} is missing{what}\nHint: {' '.join(called)}; all there is: --help"


def _told(argument: Argument) -> str:
    """What a command's docstring says of an argument, and what it may be."""
    told = argument.parameter.help
    said = f": {' '.join(told.split()).rstrip('.')}" if told else ""
    if get_origin(argument.hint) is Literal:
        said += f" ({', '.join(map(str, get_args(argument.hint)))})"
    return said


def _written(name: str) -> str:
    return f"{name} {name.strip('-').replace('-', '_').upper()}" if name.startswith("-") else name
