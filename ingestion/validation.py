"""What a user wrote, checked: every problem with its place and its cure, all of them at once.

Shared by connections.yml, the organisation files and the surveys' descriptions. A `Problem` is one line
`file:line: where: what is wrong; what to do`; `ConfigError` carries all problems of a reading.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from ingestion.errors import StopConnection

Location = tuple[str | int, ...]
SHOWN_PROBLEMS = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the file as the user knows it, 1-based line (None: the whole file), where, and cure."""

    file: str
    line: int | None
    where: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.where, self.message) if part)


class ConfigError(StopConnection):
    """What the user wrote cannot be used. `problems` holds all of them in order; the text is one a line.

    In a run it stops the connection whose files are wrong; its last good copy stays in use.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        files = ", ".join(dict.fromkeys(problem.file for problem in self.problems))
        super().__init__(str(self), f"correct {files} and run again; until then the last good copy is used")

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        if len(self.problems) > SHOWN_PROBLEMS:
            lines.append(f"... and {len(self.problems) - SHOWN_PROBLEMS} more problems")
        return "\n".join(lines)


class Strict(BaseModel):
    """Base of everything a user writes in YAML: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)


class _Constructor(RoundTripConstructor):
    """Leaves dates as text: the models read them, so that a bad one is an error of its line and not of the file."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))

Model = TypeVar("Model", bound=Strict)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known word, or the list of what there is."""
    known = list(known)
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(
        word.strip().lower().replace("-", "_").replace(" ", "_"), by_lower, n=1, cutoff=0.6
    )
    if near:
        return f"; did you mean '{by_lower[near[0]]}'?"
    return f"; choose from {', '.join(known)}" if known else ""


def decode(data: bytes, shown: str, encoding: str = "utf-8") -> str:
    """Bytes of a user's file as text; ConfigError names the line that is not in the encoding and the cure."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and not encoding.lower().startswith("utf-16"):
        raise ConfigError([Problem(shown, 1, "", "is UTF-16; save it as UTF-8 (in Excel: 'CSV UTF-8')")])
    try:
        text = data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            [
                Problem(
                    shown,
                    line,
                    "",
                    f"byte 0x{data[error.start]:02x} is not {encoding}; save the file as UTF-8 (in Excel: 'CSV UTF-8')",
                )
            ]
        ) from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise ConfigError(
            [Problem(shown, line, "", "holds a NUL character, so it is no text file; export it again as UTF-8 text")]
        )
    return text


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file whose values remember their lines. `file` is the name shown to the user."""

    file: str
    root: CommentedMap

    def line(self, location: Location) -> int:
        """Line of a value by its path; of the nearest parent that is written where it is not."""
        node: Any = self.root
        line = 1
        for key in location:
            if isinstance(node, CommentedMap) and key in node:
                line = node.lc.key(key)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
                line = node.lc.item(key)[0] + 1
            else:
                break
            node = node[key]
        return line

    def problem(self, location: Location, message: str) -> Problem:
        """A problem at that path of the file."""
        return Problem(self.file, self.line(location), show(location), message)

    def plain(self, location: Location = ()) -> Any:
        """The value at a path as plain dicts, lists and scalars."""
        node: Any = self.root
        for key in location:
            node = node[key]
        return _plain(node)


def read_yaml(path: Path, shown: str) -> Document:
    """Read a YAML file (1.2) that holds a mapping; ConfigError for a syntax error, a repeated key or an empty file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = Problem(shown, None, "", f"cannot be read ({error.strerror}); check it and its rights")
        raise ConfigError([problem]) from None
    return read_document(data, shown)


def read_document(data: bytes, shown: str) -> Document:
    """The same from a file's bytes."""
    text = decode(data, shown)
    try:
        yaml = YAML(typ="rt")
        yaml.Constructor = _Constructor
        root = yaml.load(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join((error.problem or error.context or "cannot be parsed").split())
        if "found character '\\t'" in what:
            what = "a tab stands where YAML wants spaces"
        line = mark.line + 1 if mark is not None else 1
        raise ConfigError(
            [Problem(shown, line, "", f"is not valid YAML: {what}; check indentation, colons and quotes here")]
        ) from None
    except (YAMLError, ValueError) as error:
        raise ConfigError([Problem(shown, 1, "", f"is not valid YAML: {error}")]) from None
    if root is None:
        raise ConfigError([Problem(shown, 1, "", "is empty; `flowlight init` writes one to start from")])
    if not isinstance(root, CommentedMap):
        raise ConfigError([Problem(shown, 1, "", "holds no 'key: value' lines at its top level")])
    return Document(shown, root)


def parse(model: type[Model], document: Document, location: Location = ()) -> tuple[Model | None, list[Problem]]:
    """Validate the value at a path against a model: the model, or None and every problem with its line and cure."""
    value = document.plain(location)
    if not isinstance(value, dict):
        return None, [document.problem(location, "must hold 'key: value' lines below it")]
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        places = [detail["loc"] for detail in details]
        problems = [
            _problem(model, document, location, detail)
            for detail in details  # pydantic calls a list of wrong entries too short as well
            if detail["type"] != "too_short" or not any(p[: len(detail["loc"])] == detail["loc"] != p for p in places)
        ]
        return None, sorted(problems, key=lambda problem: problem.line or 0)


def show(location: Location) -> str:
    """A path as people write it: `connections[0].token_env`."""
    text = ""
    for key in location:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def _problem(model: type[Strict], document: Document, prefix: Location, detail: Mapping[str, Any]) -> Problem:
    """One pydantic error in the user's words."""
    location = _written(document, prefix, detail["loc"])
    kind, value = detail["type"], detail.get("input")
    name = str(location[-1]) if location else ""
    field = _fields(model, location[len(prefix) : -1]).get(name)
    example = f", for example `{name}: {field.examples[0]}`" if field is not None and field.examples else ""
    context = detail.get("ctx", {})
    match kind:
        case "missing":
            message = f"is required; {_sentence(field.description)}{example}" if field is not None else "is required"
        case "extra_forbidden":
            message = f"unknown key '{name}'{suggestion(name, _fields(model, location[len(prefix) : -1]))}"
        case "value_error":
            message = str(context["error"])
        case "literal_error":
            known = [word.strip("' ") for word in context["expected"].replace(" or ", ",").split(",")]
            message = f"'{value}' is not known{suggestion(str(value), known)}"
        case _ if kind.startswith("date"):
            message = f"'{value}' is not a date; write YYYY-MM-DD"
        case _ if kind.startswith("bool"):
            message = f"'{value}' is neither true nor false"
        case _ if kind.startswith(("int", "float")) and not kind.endswith("type_of"):
            whole = "whole number" if kind.startswith("int") else "number"
            message = f"'{value}' is not a {whole}{example}"
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than":
            limit = next(iter(context.values()))
            sign = {"greater_than_equal": "at least", "less_than_equal": "at most", "greater_than": "more than"}.get(
                kind, "less than"
            )
            message = f"{value} must be {sign} {limit}"
        case "too_short" | "string_too_short":
            message = f"must not be empty; {_sentence(field.description)}{example}" if field is not None else "is empty"
        case "string_type":
            message = f"must be text; put it in quotes{example}"
        case "path_type":
            message = f"must be the name of a file or folder{example}"
        case _:
            message = f"{detail['msg'].lower()}{example}"
    return Problem(document.file, document.line(location), show(location), message)


def _sentence(text: str | None) -> str:
    """A field's description as part of a sentence."""
    text = (text or "").strip().rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _written(document: Document, prefix: Location, location: Sequence[str | int]) -> Location:
    """Pydantic's path without the names of union branches, which are no keys of the file."""
    path = list(prefix)
    node = document.plain(prefix)
    for index, key in enumerate(location):
        inside = (isinstance(node, dict) and key in node) or (
            isinstance(node, list) and isinstance(key, int) and key < len(node)
        )
        if inside:
            path.append(key)
            node = node[key]
        elif index == len(location) - 1 and isinstance(node, dict):
            path.append(key)
    return tuple(path)


def _fields(model: type[BaseModel], location: Sequence[str | int]) -> dict[str, Any]:
    """The fields of the model that stands at a path below another model; empty where there is none."""
    current: Any = model
    for key in location:
        models = _models(current)
        current = next((m.model_fields[key].annotation for m in models if key in m.model_fields), current)
    fields: dict[str, Any] = {}
    for found in _models(current):
        fields |= found.model_fields
    return fields


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models inside an annotation such as `tuple[Item, ...] | None`."""
    if (
        isinstance(annotation, type)
        and not isinstance(annotation, types.GenericAlias)
        and issubclass(annotation, BaseModel)
    ):
        return [annotation]
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is Annotated:
        arguments = arguments[:1]
    return [model for argument in arguments for model in _models(argument)]


def _plain(node: Any) -> Any:
    """A ruamel value as Python's own types."""
    if isinstance(node, Mapping):
        return {str(key) if not isinstance(key, int | float) else key: _plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(value) for value in node]
    if isinstance(node, ScalarBoolean):
        return bool(node)
    for kind in (str, float):
        if isinstance(node, kind):
            return kind(node)
    if isinstance(node, int) and not isinstance(node, bool):
        return int(node)
    return node


def list_or_star(value: Any, what: str, example: str) -> tuple[str, ...]:
    """A list of texts; "*" and a single text count as a list of one."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not values or not all(isinstance(each, str) for each in values):
        raise ValueError(f"must be a list of {what} as text, such as {example}")
    return tuple(dict.fromkeys(each.strip() for each in values))
