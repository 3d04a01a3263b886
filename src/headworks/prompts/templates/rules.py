"""What a template may say: values, conditions, loops, a few filters, includes. Anything else is refused by its line."""

from collections.abc import Iterator, Mapping

from jinja2 import nodes

from headworks.prompts.faults import PromptFileError
from headworks.prompts.names import advice
from headworks.prompts.record import Variable
from headworks.prompts.templates.sandbox import FILTERS, TESTS

MAX_NAMES = 50
"""Values in one expression."""
MAX_GROWING = 2
"""Filters on top of each other that make a text longer."""
MAX_JOINT = 100
"""Characters between joined items."""
MAX_INDENT = 16
_GROWING = frozenset(["join", "indent", "tojson"])
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.If,
    nodes.For,
    nodes.Include,
    nodes.Filter,
    nodes.Keyword,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Concat,
    nodes.Add,
    nodes.Sub,
    nodes.Neg,
    nodes.Tuple,
    nodes.List,
)
_WORDS: dict[type[nodes.Node], str] = {
    nodes.Call: "a call",
    nodes.Assign: "`set`",
    nodes.AssignBlock: "`set`",
    nodes.Macro: "`macro`",
    nodes.CallBlock: "`call`",
    nodes.Block: "`block`",
    nodes.Extends: "`extends`",
    nodes.Import: "`import`",
    nodes.FromImport: "`import`",
    nodes.FilterBlock: "`filter`",
    nodes.With: "`with`",
    nodes.Mul: "`*`",
    nodes.Div: "`/`",
    nodes.Pow: "`**`",
    nodes.Mod: "`%`",
    nodes.Dict: "an object of its own",
}


class Where:
    """The file of a template, and the line on which it begins there."""

    def __init__(self, file: str, first_line: int) -> None:
        self.file = file
        self.first_line = first_line

    def fault(self, line: int | None, message: str) -> PromptFileError:
        """An error at a line of the template, counted from 1; not every node knows its line."""
        return PromptFileError(self.file, (line or 1) + self.first_line - 1, message)


def check(tree: nodes.Node, where: Where) -> None:
    """Refuse what has no place in a prompt.

    Raises:
        PromptFileError: With the line.
    """
    for node in every(tree):
        if not isinstance(node, _ALLOWED):
            said = _WORDS.get(type(node), f"`{type(node).__name__.lower()}`")
            raise where.fault(node.lineno, f"A prompt has no place for {said}.")
        _check_node(node, where)


def check_names(tree: nodes.Node, variables: Mapping[str, Variable], where: Where) -> None:
    """Refuse names that are neither a variable nor that of a loop, and pictures where there is no place for one.

    Raises:
        PromptFileError: With the line.
    """
    _Names(variables, where).visit(tree, frozenset())


def every(node: nodes.Node) -> Iterator[nodes.Node]:
    """A node and all in it."""
    yield node
    for child in node.iter_child_nodes():
        yield from every(child)


def _check_node(node: nodes.Node, where: Where) -> None:
    if isinstance(node, nodes.Expr) and sum(isinstance(one, nodes.Name) for one in every(node)) > MAX_NAMES:
        raise where.fault(node.lineno, f"More than {MAX_NAMES} values in one expression.")
    if isinstance(node, nodes.For) and node.recursive:
        raise where.fault(node.lineno, "A prompt has no place for `recursive` loops.")
    if isinstance(node, nodes.Filter):
        _check_filter(node, where)
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        raise where.fault(node.lineno, f"There is no test `{node.name}`.{advice(node.name, TESTS)}")
    if isinstance(node, nodes.Name) and node.name.startswith("_"):
        raise where.fault(node.lineno, f"`{node.name}`: a name in a prompt does not begin with `_`.")
    if isinstance(node, nodes.Include) and not (
        isinstance(node.template, nodes.Const) and isinstance(node.template.value, str)
    ):
        raise where.fault(node.lineno, '`include` takes a name in quotes: {% include "tone" %}.')


def _check_filter(node: nodes.Filter, where: Where) -> None:
    if node.name not in FILTERS:
        raise where.fault(node.lineno, f"There is no filter `{node.name}`.{advice(node.name, FILTERS)}")
    growing = [one for one in every(node) if isinstance(one, nodes.Filter) and one.name in _GROWING]
    if len(growing) > MAX_GROWING:
        raise where.fault(
            node.lineno, f"More than {MAX_GROWING} of {', '.join(sorted(_GROWING))} on top of each other."
        )
    given = [*node.args, *(pair.value for pair in node.kwargs)]
    if node.name == "join" and not all(isinstance(one, nodes.Const) and _short(one.value) for one in given):
        raise where.fault(node.lineno, f"`join` takes a text in quotes, of at most {MAX_JOINT} characters.")
    if node.name == "indent" and not all(isinstance(one, nodes.Const) and _narrow(one.value) for one in given):
        raise where.fault(node.lineno, f"`indent` takes a number of at most {MAX_INDENT}.")


def _short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_JOINT


def _narrow(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= MAX_INDENT


class _Names:
    def __init__(self, variables: Mapping[str, Variable], where: Where) -> None:
        self._variables = variables
        self._where = where

    def visit(self, node: nodes.Node, local: frozenset[str]) -> None:
        if isinstance(node, nodes.Name):
            self._known(node, local)
        elif isinstance(node, nodes.For):
            self._loop(node, local)
        else:
            for child in node.iter_child_nodes():
                if isinstance(node, nodes.If) and child is node.test:
                    self._condition(child, local)
                else:
                    self.visit(child, local)

    def _condition(self, test: nodes.Node, local: frozenset[str]) -> None:
        """A condition may ask whether there is a picture."""
        bare = test.node if isinstance(test, nodes.Not) else test
        if not (isinstance(bare, nodes.Name) and bare.name in self._variables):
            self.visit(test, local)

    def _loop(self, node: nodes.For, local: frozenset[str]) -> None:
        self.visit(node.iter, local)
        own = {name.name for name in every(node.target) if isinstance(name, nodes.Name)}
        if hidden := own & self._variables.keys():
            raise self._where.fault(node.lineno, f"The loop hides the variable `{min(hidden)}`; choose another name.")
        inside = local | own | {"loop"}
        for child in [*node.body, *([node.test] if node.test else ())]:
            self.visit(child, inside)
        for child in node.else_:
            self.visit(child, local)

    def _known(self, node: nodes.Name, local: frozenset[str]) -> None:
        if node.name in local:
            return
        variable = self._variables.get(node.name)
        if variable is None:
            hint = advice(node.name, self._variables)
            raise self._where.fault(node.lineno, f"`{node.name}` is not among the variables of the prompt.{hint}")
        if "image" in (variable.type, variable.items):
            raise self._where.fault(
                node.lineno,
                f"The picture `{node.name}` stands by itself in a message of the user: {{{{ {node.name} }}}}, outside "
                "of loops, conditions and expressions.",
            )
