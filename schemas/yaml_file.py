"""Read a YAML file into a typed model, with errors that name file, line, key and the likely fix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.errors import ConfigurationError, ConfigurationErrors

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is 10 times faster
Loc = tuple[str | int, ...]


class StrictModel(BaseModel):
    """A frozen model in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True)
class YamlFile:
    """The content of a YAML file and the line on which each of its keys stands."""

    path: Path
    content: Any
    node: yaml.Node

    @classmethod
    def read(cls, path: Path) -> YamlFile:
        """Parse `path`; raises ConfigurationError on broken YAML and on a key given twice."""
        try:
            text = path.read_text(encoding="utf-8")
            loader = Loader(text)
            node = loader.get_single_node()
            content = loader.construct_document(node) if node is not None else None
        except OSError as error:
            raise ConfigurationError(f"cannot be read ({error.strerror})", where=str(path)) from error
        except UnicodeDecodeError as error:
            raise ConfigurationError("is not UTF-8", where=str(path), fix="save the file as UTF-8") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f":{mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            fix = "mend that line; a text with ': ', '#' or '%' at its begin needs quotes"
            raise ConfigurationError(f"is not valid YAML: {problem}", where=f"{path}{line}", fix=fix) from error
        except ValueError as error:  # of PyYAML's own conversions: 2024-02-31, 0x_
            raise _impossible_value(path, node) from error
        if not isinstance(node, yaml.MappingNode):
            raise ConfigurationError("must hold keys and values", where=f"{path}:1", fix="write 'key: value'")
        for key in _repeated_keys(node):
            raise ConfigurationError(
                f"key '{key.value}' stands twice",
                where=f"{path}:{key.start_mark.line + 1}",
                fix="keep one of them",
            )
        return cls(path, content, node)

    def line(self, loc: Loc) -> int:
        """Return the line (from 1) of the deepest key of `loc` that the file has."""
        node, line = self.node, 1
        for step in loc:
            found = _child(node, step)
            if found is None:
                continue  # pydantic puts names of its own (union members) between the keys
            line, node = found
        return line

    def error(self, problem: str, loc: Loc, fix: str = "") -> ConfigurationError:
        """Make an error that names this file, the line and the key."""
        key = ".".join(str(step) for step in loc)
        return ConfigurationError(f"{key}: {problem}", where=f"{self.path}:{self.line(loc)}", fix=fix)

    def model(self, kind: type[ModelT]) -> ModelT:
        """Validate the content as `kind`; raises ConfigurationErrors with every mistake."""
        try:
            return kind.model_validate(self.content)
        except ValidationError as error:
            raise ConfigurationErrors([self._explain(kind, item) for item in error.errors()]) from error

    def _explain(self, kind: type[BaseModel], item: Any) -> ConfigurationError:
        loc: Loc = item["loc"]
        message, fix = str(item["msg"]).removeprefix("Value error, "), ""
        if item["type"] == "extra_forbidden":
            message = "unknown key"
            fix = suggest(str(loc[-1]), known_keys(kind))
        elif item["type"] == "missing":
            message, fix = "is missing", f"add '{loc[-1]}:'"
        elif message.startswith("Input should "):
            message, fix = "does not fit", message.replace("Input should", "it must")
        elif item["type"] == "value_error":
            message, _, fix = message.partition("; ")
        return self.error(message, loc, fix)


def suggest(word: str, known: Iterator[str] | list[str] | set[str]) -> str:
    """Return the likely fix for an unknown word: the nearest known one, or the list."""
    names = sorted(set(known))
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return "use one of: " + ", ".join(names[:30]) + (" …" if len(names) > 30 else "")


def known_keys(kind: type[BaseModel]) -> set[str]:
    """Return every key that a model or a model below it knows."""
    keys: set[str] = set()
    todo: list[Any] = [kind]
    seen: set[Any] = set()
    while todo:
        item = todo.pop()
        if item in seen:
            continue
        seen.add(item)
        if isinstance(item, type) and issubclass(item, BaseModel):
            for name, field in item.model_fields.items():
                keys.add(field.alias or name)
                todo.append(field.annotation)
        todo.extend(getattr(item, "__args__", ()))
    return keys


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        value = node.value[step]
        return value.start_mark.line + 1, value
    return None


def _impossible_value(path: Path, node: yaml.Node | None) -> ConfigurationError:
    """Name the first value that looks like a date or a number and is none; PyYAML does not tell the line."""
    loader = Loader("")  # the one that failed holds the value for half made
    for key, value in _scalars(node):
        try:
            loader.construct_object(value)
        except ValueError as error:
            return ConfigurationError(
                f"{key}: '{value.value}' is not possible ({error})" if key else f"'{value.value}' is not possible",
                where=f"{path}:{value.start_mark.line + 1}",
                fix="correct it, or put it in quotes when it is a text",
            )
    return ConfigurationError("holds an impossible value", where=str(path))


def _scalars(node: yaml.Node | None, key: str = "") -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Yield every single value with the dotted key at which it stands."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _scalars(name, key)
            yield from _scalars(value, f"{key}.{name.value}" if key else str(name.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _scalars(value, f"{key}.{number}")
    elif isinstance(node, yaml.ScalarNode):
        yield key, node


def _repeated_keys(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key
            seen.add(str(key.value))
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value)
