"""How does plain TOML become a tree of dataclasses, and what is said when it does not fit?

Reading is generic: the types and defaults of the dataclasses are the grammar. An unknown key is
refused with the nearest known one, a value of another type with what it must be.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin

from leadml.errors import ConfigError, nearest

KEYS = "serving.keys"
"""What a person may have put a key into by mistake; its values are never repeated."""


def parse_value(kind: Any, value: Any, name: str) -> Any:
    """``value`` as ``kind``, or a `ConfigError` that names the setting."""
    if dataclasses.is_dataclass(kind):
        return _parse_section(cast("type", kind), value, name)
    if get_origin(kind) is not None:
        return _parse_generic(kind, value, name)
    return _parse_plain(kind, value, name)


def without_nothing(tree: Any) -> Any:
    """Plain data without settings that are not set, which TOML cannot say; tuples as lists.

    >>> without_nothing({"a": None, "b": (1, {"c": None})})
    {'b': [1, {}]}
    """
    if isinstance(tree, Mapping):
        return {key: without_nothing(value) for key, value in tree.items() if value is not None}
    return [without_nothing(value) for value in tree] if isinstance(tree, list | tuple) else tree


def _parse_generic(kind: Any, value: Any, name: str) -> Any:
    """A word of some, a list, a table, or a value that may be left out."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal and value in args:
        return value
    if origin is tuple and isinstance(value, list):
        return tuple(parse_value(args[0], item, name) for item in value)
    if issubclass(_class(origin), Mapping) and isinstance(value, dict):
        return {key: parse_value(args[1], item, f"{name}.{key}") for key, item in value.items()}
    if origin is types.UnionType:
        return parse_value(args[0], value, name)
    raise _misfit(kind, value, name)


def _parse_plain(kind: Any, value: Any, name: str) -> Any:
    """A text, number, truth value or time; a date is its midnight, a whole number is a number."""
    if kind is datetime and isinstance(value, date):
        return value if isinstance(value, datetime) else datetime(*value.timetuple()[:3])  # noqa: DTZ001
    if kind is float and type(value) is int:
        return float(value)
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise _misfit(kind, value, name)


def _misfit(kind: Any, value: Any, name: str) -> ConfigError:
    return ConfigError(f"{name} must be {_said(kind)}, got {_got(value, name)}.")


def _got(value: Any, name: str) -> str:
    """A value as it was given; of what may be secret only its type."""
    if not name.startswith(KEYS):
        return repr(value)
    return _WORDS.get(type(value), "something else")


def _parse_section(kind: type, value: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        msg = f"{name} must be a table of settings ([{name}]), got {_got(value, name)}."
        raise ConfigError(msg)
    hints = typing.get_type_hints(kind)
    known = [f.name for f in dataclasses.fields(kind) if hints[f.name] is not Path]
    for key in value:
        if key not in known:
            hint = nearest(key, known) or f" Settings here: {', '.join(known)}."
            msg = f"Unknown setting '{f'{name}.{key}' if name else key}'.{hint}"
            raise ConfigError(msg)
    parsed = {
        key: parse_value(hints[key], item, f"{name}.{key}" if name else key)
        for key, item in value.items()
    }
    try:
        return kind(**parsed)
    except TypeError as error:
        needed = [f.name for f in dataclasses.fields(kind) if _required(f) and f.name not in parsed]
        msg = f"{name} must set {', '.join(needed)}. Add the lines under [{name}]."
        raise ConfigError(msg) from error


def _required(f: "dataclasses.Field[Any]") -> bool:
    return f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING


def _class(origin: Any) -> type:
    return origin if isinstance(origin, type) else object


def _said(kind: Any) -> str:
    """How a person says a type."""
    if get_origin(kind) is Literal:
        return f"one of {', '.join(repr(arg) for arg in get_args(kind))}"
    if get_origin(kind) is tuple:
        (item, *_) = get_args(kind)
        said = "tables" if dataclasses.is_dataclass(item) else f"{_said(item)} values"
        return f"a list of {said}"
    if get_origin(kind) is not None:
        return "a table"
    return _WORDS.get(kind, "a date or time")


_WORDS: dict[object, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def expanded(value: Any, environ: Mapping[str, str]) -> Any:
    """Replaces ``${NAME:-default}`` in every text of the tree."""

    def one(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if environ.get(name):
            return environ[name]
        if default is None:
            msg = f"The configuration needs the environment variable {name}, which is not set."
            raise ConfigError(msg)
        return default

    if isinstance(value, str):
        return _VARIABLE.sub(one, value)
    if isinstance(value, dict):
        return {key: expanded(item, environ) for key, item in value.items()}
    if isinstance(value, list):
        return [expanded(item, environ) for item in value]
    return value
