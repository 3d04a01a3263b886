"""A prompt file as a `Spec`: every key known, every type right, every fault with its line."""

import re
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from headworks.prompts.faults import PromptFileError
from headworks.prompts.files.front import Front, Path, read_front
from headworks.prompts.files.roles import parts
from headworks.prompts.names import advice
from headworks.prompts.record import Example, Output, Parameters, Spec, Tool, Variable
from headworks.prompts.values import check_declaration

MAX_SOURCE = 256 * 1024
"""Characters of a file."""
MAX_FRONT = 64 * 1024
"""Characters of its front matter."""
MAX_VARIABLES = 200
MAX_EXAMPLES = 100

T = TypeVar("T")
_FENCE = "---"
_KEYS = ("description", "parameters", "variables", "output", "tools", "examples", "tests")
_PLACE = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}", re.ASCII)
_RESERVED = frozenset(["loop", "true", "false", "none", "True", "False", "None"])


class File(Struct, frozen=True):
    """A prompt file, read, and the line on which its template begins."""

    spec: Spec
    first_line: int


def read_file(file: str, source: str) -> File:
    """Read a prompt file.

    Args:
        file: As people know it, for errors.
        source: Its text.

    Raises:
        PromptFileError: `invalid_prompt` (422), with file and line.
    """
    if len(source) > MAX_SOURCE:
        raise PromptFileError(file, 1, f"The file has {len(source)} characters; a prompt has at most {MAX_SOURCE}.")
    front, template, first_line = split(file, source)
    if not template.strip():
        raise PromptFileError(file, first_line, "There is no template after the front matter.")
    parts(file, template, first_line)
    return File(_Reader(front).spec(template), first_line)


def split(file: str, source: str) -> tuple[Front, str, int]:
    """Front matter, template in its one form, and the line on which the template begins.

    Raises:
        PromptFileError: The front matter has no end, or is not right.
    """
    _check_text(file, source)
    lines = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0].rstrip() != _FENCE:
        return Front(file=file, values={}, lines={}), *_template(lines, 1)
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise PromptFileError(file, 1, "The front matter has no end; write a line of `---` after it.")
    text = "\n".join(lines[1:end])
    if len(text) > MAX_FRONT:
        raise PromptFileError(file, 1, f"The front matter has more than {MAX_FRONT} characters.")
    return read_front(file, text, 2), *_template(lines[end + 1 :], end + 2)


def _template(lines: list[str], first_line: int) -> tuple[str, int]:
    """The template without empty lines around it, and its first line. White space inside may mean something."""
    begin = next((at for at, line in enumerate(lines) if line.strip()), 0)
    return "\n".join(lines[begin:]).rstrip(), first_line + begin


def _check_text(file: str, source: str) -> None:
    """Half a character outside the basic plane, or a null byte, cannot be kept or sent."""
    for at, character in enumerate(source):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            line = source.count("\n", 0, at) + 1
            raise PromptFileError(file, line, f"The character U+{ord(character):04X} has no place in a prompt.")


class _Reader:
    """Turns the values of front matter into a spec."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def spec(self, template: str) -> Spec:
        """The whole."""
        values = self._front.values
        for key in values:
            if key not in _KEYS:
                raise self._front.fault((key,), f"`{key}` is no key of a prompt.{advice(key, _KEYS)}")
        return Spec(
            template=template,
            parameters=self._parameters(),
            variables=self._variables(),
            output=self._read(("output",), Output) if values.get("output") is not None else None,
            tools=self._items("tools", Tool, MAX_VARIABLES),
            examples=self._items("examples", Example, MAX_EXAMPLES),
            description=self._read(("description",), str) if values.get("description") is not None else "",
            tests=self._items("tests", dict[str, Any], 10_000),
        )

    def _parameters(self) -> Parameters:
        if self._front.values.get("parameters") is None:
            return Parameters()
        found = self._read(("parameters",), Parameters)
        for name, (least, most) in _RANGES.items():
            value = getattr(found, name)
            if value is not None and not least <= value <= most:
                raise self._front.fault(("parameters", name), f"`{name}` lies between {least} and {most}.")
        return found

    def _variables(self) -> dict[str, Variable]:
        given = self._front.values.get("variables")
        if given is None:
            return {}
        if not isinstance(given, dict) or len(given) > MAX_VARIABLES:
            raise self._front.fault(("variables",), f"`variables`: expected at most {MAX_VARIABLES} names.")
        return {name: self._variable(name, value) for name, value in given.items()}

    def _variable(self, name: str, value: Any) -> Variable:
        path: Path = ("variables", name)
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise self._front.fault(
                path, f"`{name[:100]}` cannot be the name of a variable: use ASCII letters, digits and `_`."
            )
        if value is None or isinstance(value, str):
            value = {"type": value or "string"}
        if isinstance(value, dict):
            for key in value.keys() - set(Variable.__struct_fields__):
                known = Variable.__struct_fields__
                raise self._front.fault((*path, key), f"`{key}` is no key of a variable.{advice(key, known)}")
        variable = self._convert(path, value, Variable)
        complaint = check_declaration(name, variable)
        if complaint:
            raise self._front.fault(path, complaint)
        return variable

    def _items(self, key: str, shape: type[T], most: int) -> tuple[T, ...]:
        given = self._front.values.get(key)
        if given is None:
            return ()
        if not isinstance(given, list) or len(given) > most:
            raise self._front.fault((key,), f"`{key}`: expected a list of at most {most}.")
        return tuple(self._convert((key, at), value, shape) for at, value in enumerate(given))

    def _read(self, path: Path, shape: type[T]) -> T:
        return self._convert(path, self._front.values[str(path[0])], shape)

    def _convert(self, path: Path, value: Any, shape: type[T]) -> T:
        try:
            return msgspec.convert(value, shape)
        except msgspec.ValidationError as error:
            raise self._mismatch(path, str(error), shape) from error

    def _mismatch(self, path: Path, complaint: str, shape: type[Any]) -> PromptFileError:
        place = _PLACE.search(complaint)
        steps = [int(at) if at else name for name, at in _STEP.findall(place.group(1))] if place else []
        what = _PLACE.sub("", complaint)
        if unknown := _UNKNOWN.match(what):
            key = unknown.group(1)
            hint = advice(key, getattr(shape, "__struct_fields__", ()))
            return self._front.fault((*path, *steps, key), f"`{key}` is no key of `{path[0]}`.{hint}")
        full = (*path, *steps)
        return self._front.fault(full, f"`{'.'.join(map(str, full))}`: {what[0].lower()}{what[1:]}.")


_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (0, 1_000_000),
    "max_tokens": (1, 10_000_000),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
