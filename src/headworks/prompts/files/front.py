"""Read YAML front matter into plain values that remember their lines.

Values mean what they mean in JSON: `true` and `false`, `null`, numbers; everything else is text. So `no`, `on`, `1e3`
and `12:30` hold no surprise. Aliases and tags are refused: that leaves no room for a small file that unfolds to a huge
one. Depth and number of values have an end.
"""

import re
from typing import Any

import yaml
from msgspec import Struct

from headworks.prompts.faults import PromptFileError

MAX_DEPTH = 30
MAX_NODES = 20_000
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_PLAIN_TAGS = frozenset(["map", "seq", "str", "null", "bool", "int", "float", "timestamp", "value", "merge"])

Path = tuple[str | int, ...]


class Front(Struct, kw_only=True):
    """Front matter.

    Attributes:
        file: The file's name.
        values: By key.
        lines: Where each value stands, by its path; counted from 1.
    """

    file: str
    values: dict[str, Any]
    lines: dict[Path, int]

    def fault(self, path: Path, message: str) -> PromptFileError:
        """An error at the value of this path, or at the nearest around it."""
        for length in range(len(path), 0, -1):
            if line := self.lines.get(path[:length]):
                return PromptFileError(self.file, line, message)
        return PromptFileError(self.file, 1, message)


class _Loader(yaml.SafeLoader):
    """Composes nodes; it never constructs anything."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        """One node, unless it is an alias or lies too deep."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _fault("aliases (`*name`) are not used here", event)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _fault(f"more than {MAX_DEPTH} levels deep", event)
        try:
            node: yaml.Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]
            return node
        finally:
            self._depth -= 1


def read_front(file: str, text: str, first_line: int) -> Front:
    """Read `text`, whose first line is line `first_line` of the file.

    Raises:
        PromptFileError: It is not YAML, no mapping, or uses what is not used here.
    """
    front = Front(file=file, values={}, lines={})
    try:
        node = _compose(text)
        if node is not None and not _is_nothing(node):
            front.values = _Builder(front.lines, first_line).whole(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (mark.line if mark else 0) + first_line
        raise PromptFileError(file, line, f"The front matter: {error.problem or 'this is not YAML'}.") from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + first_line
        raise PromptFileError(file, line, "A control character has no place in the front matter.") from error
    return front


def _fault(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]


def _compose(text: str) -> yaml.Node | None:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None and _WORDS.get(node.value, node) is None


class _Builder:
    """Turns nodes into values, noting their lines."""

    def __init__(self, lines: dict[Path, int], first_line: int) -> None:
        self._lines = lines
        self._first = first_line
        self._left = MAX_NODES

    def whole(self, node: yaml.Node) -> dict[str, Any]:
        """The mapping of the document's root."""
        if not isinstance(node, yaml.MappingNode):
            raise yaml.MarkedYAMLError(
                problem="expected keys, such as `variables:` and `parameters:`", problem_mark=node.start_mark
            )
        return self._mapping((), node)

    def _value(self, path: Path, node: yaml.Node) -> Any:
        self._left -= 1
        if self._left < 0:
            raise yaml.MarkedYAMLError(problem=f"more than {MAX_NODES} values", problem_mark=node.start_mark)
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN_TAGS:
            raise yaml.MarkedYAMLError(problem="tags (`!name`) are not used here", problem_mark=node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(path, node)
        if isinstance(node, yaml.SequenceNode):
            return [self._item((*path, at), item) for at, item in enumerate(node.value)]
        return _scalar(node)

    def _item(self, path: Path, node: yaml.Node) -> Any:
        self._lines[path] = node.start_mark.line + self._first
        return self._value(path, node)

    def _mapping(self, path: Path, node: yaml.MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be plain text", problem_mark=key.start_mark)
            name: str = key.value
            if name in found:
                raise yaml.MarkedYAMLError(problem=f"the key `{name}` is given twice", problem_mark=key.start_mark)
            self._lines[(*path, name)] = key.start_mark.line + self._first
            found[name] = self._value((*path, name), value)
        return found


def _scalar(node: yaml.Node) -> Any:
    text: str = node.value
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
