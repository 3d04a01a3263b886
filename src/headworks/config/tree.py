"""Read YAML into plain values that remember where they stand.

Scalars stay text: what `on`, `0777`, `1e3`, `4.10` or `12:30` means is decided by the setting that reads it, never
guessed from its looks, so the traps of YAML 1.1 do not exist here. Only an unquoted `null`, `~` or nothing is None.
Tags are refused, and so are repeated keys; depth and size are bounded, aliases counted as often as they are used.
"""

import re
from collections.abc import Callable

import yaml
from msgspec import Struct

from headworks.config.problems import Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 30
MAX_NODES = 20_000
_PLAIN_TAGS = frozenset(["map", "seq", "str", "null", "bool", "int", "float", "timestamp", "value", "merge"])
"""What an untagged node may be taken for; any other tag was written by hand."""
_NULLS = {"", "~", "null", "Null", "NULL"}

Path = tuple[str | int, ...]
Value = dict[str, "Value"] | list["Value"] | str | None


class Place(Struct, frozen=True):
    """Where a value and its key begin, both counted from 1, and the value's text in the file."""

    line: int
    column: int
    key_line: int
    key_column: int
    source: str


class Tree(Struct, kw_only=True):
    """A file as plain values.

    Attributes:
        file: Its name, for problems.
        value: The whole; an empty mapping for an empty file.
        places: Where each value stands, by its path.
        problems: What was wrong on the way.
    """

    file: str
    value: dict[str, Value]
    places: dict[Path, Place]
    problems: list[Problem]

    def report(self, path: Path, message: str, *, suggestion: str | None = None, at_key: bool = False) -> None:
        """Note a problem with the value at `path` (or with its key). For a missing value, its parent's key is shown."""
        place, exact = self._nearest(path)
        if place is None:
            line = column = 1
        elif at_key or not exact:
            line, column = place.key_line, place.key_column
        else:
            line, column = place.line, place.column
        self.problems.append(
            Problem(file=self.file, line=line, column=column, path=dotted(path), message=message, suggestion=suggestion)
        )

    def source(self, path: Path) -> str:
        """The text of the scalar at `path` as the file has it (`${NAME}` unreplaced); empty when there is none."""
        place = self.places.get(path)
        return place.source if place else ""

    def _nearest(self, path: Path) -> tuple[Place | None, bool]:
        for length in range(len(path), 0, -1):
            if place := self.places.get(path[:length]):
                return place, length == len(path)
        return None, False


def dotted(path: Path) -> str:
    """`models.fast.fallbacks[0]`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


class _TooMuchError(yaml.MarkedYAMLError):
    """The document is deeper or larger than any config."""


class _Loader(yaml.SafeLoader):
    """Composes nodes, with an end to depth. It never constructs anything."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        """One node, unless it lies too deep."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise _TooMuchError(problem=f"more than {MAX_DEPTH} levels deep", problem_mark=mark)
        try:
            node: yaml.Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]
            return node
        finally:
            self._depth -= 1


def read_tree(file: str, text: str, replace: Callable[[Path, str], str]) -> Tree:
    """Read `text`.

    Args:
        file: Its name, for problems.
        text: The document.
        replace: Given a path and a scalar's text, the value to use instead; raises ValueError with a sentence that
            is noted as a problem of that place.

    Returns:
        The tree; its `problems` tell whether it is whole.
    """
    tree = Tree(file=file, value={}, places={}, problems=[])
    try:
        node = _compose(text)
        if node is not None:
            _Builder(tree, replace).whole(node)
    except yaml.MarkedYAMLError as error:
        _report_syntax(tree, error)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        tree.problems.append(
            Problem(file=file, line=line, column=column, path="", message="a control character has no place in YAML")
        )
    return tree


def _compose(text: str) -> yaml.Node | None:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _report_syntax(tree: Tree, error: yaml.MarkedYAMLError) -> None:
    mark = error.problem_mark or error.context_mark
    # The parser's sentence may quote a piece of the file (an alias, a tag): that could be a secret with a star before.
    said = re.sub(r"\s*'[^']{4,}'", "", error.problem or "this is not YAML")
    while_doing = f" ({error.context})" if error.context and "'" not in error.context else ""
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    tree.problems.append(
        Problem(file=tree.file, line=line, column=column, path="", message=f"not readable as YAML: {said}{while_doing}")
    )


class _Builder:
    """Turns nodes into values, noting where each stands."""

    def __init__(self, tree: Tree, replace: Callable[[Path, str], str]) -> None:
        self._tree = tree
        self._replace = replace
        self._left = MAX_NODES

    def whole(self, node: yaml.Node) -> None:
        """Fill the tree from the document's root."""
        if isinstance(node, yaml.ScalarNode) and node.style is None and node.value in _NULLS:
            return
        if not isinstance(node, yaml.MappingNode):
            self._tree.report((), "a config is a mapping of keys, such as `providers:` and `models:`")
            return
        self._tree.value = self._mapping((), node)

    def _value(self, path: Path, node: yaml.Node, key: yaml.Node | None) -> Value:
        self._count(node, len(path))
        self._note(path, node, key)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(path, node)
        if isinstance(node, yaml.SequenceNode):
            return [self._value((*path, i), item, None) for i, item in enumerate(node.value)]
        return self._scalar(path, node)

    def _count(self, node: yaml.Node, depth: int) -> None:
        self._left -= 1
        # Aliases may repeat a value, or hold themselves, far beyond what was written.
        if self._left < 0 or depth > MAX_DEPTH:
            raise _TooMuchError(problem="more values than any config has", problem_mark=node.start_mark)
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN_TAGS:
            raise yaml.MarkedYAMLError(problem="tags (`!name`) are not used here", problem_mark=node.start_mark)

    def _note(self, path: Path, node: yaml.Node, key: yaml.Node | None) -> None:
        mark, key_mark = node.start_mark, (key or node).start_mark
        source = node.value if isinstance(node, yaml.ScalarNode) else ""
        self._tree.places[path] = Place(mark.line + 1, mark.column + 1, key_mark.line + 1, key_mark.column + 1, source)

    def _mapping(self, path: Path, node: yaml.MappingNode) -> dict[str, Value]:
        result: dict[str, Value] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be plain text", problem_mark=key.start_mark)
            name: str = key.value
            if name in result:
                first = self._tree.places[(*path, name)].key_line
                problem = f"the key `{name}` was already given in line {first}"
                self._tree.problems.append(self._at(key, (*path, name), problem))
                continue
            result[name] = self._value((*path, name), value, key)
        return result

    def _scalar(self, path: Path, node: yaml.Node) -> str | None:
        text: str = node.value
        if isinstance(node, yaml.ScalarNode) and node.style is None and text in _NULLS:
            return None
        try:
            return self._replace(path, text)
        except ValueError as error:
            self._tree.report(path, str(error))
            return text

    def _at(self, node: yaml.Node, path: Path, message: str) -> Problem:
        mark = node.start_mark
        return Problem(
            file=self._tree.file, line=mark.line + 1, column=mark.column + 1, path=dotted(path), message=message
        )
