"""Strategies and risk managers named in a configuration: built-ins, and the user's own code."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
import zlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from msgspec import UNSET

from barter_bt.backtest.config.place import Place
from barter_bt.backtest.config.sections import ObjectSection
from barter_bt.errors import BarterBtError, StrategyError


class Loader(Place):
    """Finds and makes the objects that one configuration file names."""

    def load(self, key: str, section: ObjectSection, builtin: Mapping[str, Callable[..., Any]]) -> Any:
        """Make what ``section`` names: call the factory with the parameters, or take the object as it is.

        Raises
        ------
        ConfigError
            The name, module, file, object or a parameter is not there.
        StrategyError
            The user's code raised; the message has its file and line.
        """
        return self.factory(key, section, builtin)({})

    def factory(
        self, key: str, section: ObjectSection, builtin: Mapping[str, Callable[..., Any]]
    ) -> Callable[[Mapping[str, Any]], Any]:
        """Find what ``section`` names, once; give a function that makes it, with parameters in place of the file's."""
        own: dict[str, Any] = {} if section.parameters is UNSET else section.parameters
        if (section.name is UNSET) == (section.object is UNSET):
            self.fail(key, "give either name (a built-in) or object (your own)", 'such as object = "my.py:strategy"')
        if section.name is not UNSET:
            if section.name not in builtin:
                self.unknown(f"{key}.name", section.name, builtin)
            named, known = str(section.name), builtin[section.name]
            return lambda given: self._call(key, known, self._with_file(key, named, {**own, **given}))
        found = self._find(f"{key}.object", str(section.object))
        if inspect.isclass(found) or inspect.isroutine(found):
            return lambda given: self._call(key, found, {**own, **given})

        def as_it_is(given: Mapping[str, Any]) -> Any:
            if own or given:
                taken = f"{section.object} is an object, not a class or function that takes them"
                self.fail(f"{key}.parameters", taken)
            return found

        return as_it_is

    def _with_file(self, key: str, strategy: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Parameters of a built-in, of which one may be a file beside the configuration."""
        from barter_bt.strategy.written import FILES, OF_FILES

        name = OF_FILES.get(strategy, "")
        given = parameters.get(name)
        if not isinstance(given, str) or not given.endswith(FILES):
            return parameters
        return parameters | {name: str(self.existing(f"{key}.parameters.{name}", given))}

    def _call(self, key: str, factory: Callable[..., Any], parameters: dict[str, Any]) -> Any:
        signature = inspect.signature(factory)
        open_ended = any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values())
        for name in parameters:
            if name not in signature.parameters and not open_ended:
                self.unknown(f"{key}.parameters.{name}", name, list(signature.parameters))
        try:
            signature.bind(**parameters)
        except TypeError as error:
            self.fail(f"{key}.parameters", str(error))
        try:
            return factory(**parameters)
        except BarterBtError as error:
            raise type(error)(f"{self.file}: {key}: {error.message}", error.hint) from error
        except Exception as error:
            raise StrategyError(f"{self.file}: {key}: {where(error)}") from error

    def _find(self, key: str, text: str) -> Any:
        place, _, name = text.rpartition(":")
        if not place or not name:
            self.fail(key, f"{text!r} names no object", 'write "package.module:name" or "file.py:name"')
        try:
            module = self._run(key, place) if place.endswith(".py") else importlib.import_module(place)
        except BarterBtError:
            raise
        except ModuleNotFoundError as error:
            if not error.name or not f"{place}.".startswith(f"{error.name}."):
                raise StrategyError(f"{self.file}: {key}: {where(error)}") from error
            file = f"{place.replace('.', '/')}.py"
            self.fail(key, f"there is no module {error.name!r}", f'if it is a file, write "{file}:{name}"')
        except Exception as error:
            raise StrategyError(f"{self.file}: {key}: {place} cannot be loaded: {where(error)}") from error
        if not hasattr(module, name):
            self.unknown(key, name, _written_in(module))
        return getattr(module, name)

    def _run(self, key: str, place: str) -> ModuleType:
        path = self.existing(key, place).resolve()
        title = f"barter_bt_user_{path.stem}_{zlib.crc32(str(path).encode()):08x}"
        spec = importlib.util.spec_from_file_location(title, path)
        assert spec is not None, "a file that ends in .py has a spec"
        assert spec.loader is not None, "and a loader"
        module = importlib.util.module_from_spec(spec)
        sys.modules[title] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[title]
            raise
        return module


def _written_in(module: ModuleType) -> list[str]:
    """Names of what a module has, without the modules, classes and functions that it has only imported."""
    named = {name: one for name, one in vars(module).items() if not name.startswith("_")}
    own = [name for name, one in named.items() if not _is_of_another(one, module)]
    return own or list(named)


def _is_of_another(one: Any, module: ModuleType) -> bool:
    if inspect.isclass(one) or inspect.isroutine(one):
        return one.__module__ != module.__name__
    return inspect.ismodule(one)


def builtin(room: str) -> Mapping[str, Callable[..., Any]]:
    """Return the factories that come with the package by their names, of a room: ``strategy`` or ``risk``."""
    factories: Mapping[str, Callable[..., Any]] = importlib.import_module(f"barter_bt.{room}.builtin").BUILTIN
    return factories


def where(error: BaseException) -> str:
    """Say what went wrong and in which line: the innermost outside of this file and of Python's import."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: SyntaxError: {error.msg}"
    frames = [
        each
        for each in traceback.extract_tb(error.__traceback__)
        if each.filename != __file__ and "importlib" not in each.filename
    ]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else ""
    return f"{place}{type(error).__name__}: {error}"
