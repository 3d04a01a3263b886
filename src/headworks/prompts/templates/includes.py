"""Partials: `{% include "tone" %}` stands for the template of that name, as if it had been written there."""

from collections.abc import Callable, Mapping

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.visitor import NodeTransformer

from headworks.prompts.faults import PromptFileError
from headworks.prompts.files.roles import has_roles
from headworks.prompts.record import Partial, Spec, Variable
from headworks.prompts.templates.rules import Where, check, every
from headworks.prompts.templates.sandbox import sandbox

MAX_PARTIALS = 100
"""Of one prompt, whatever includes them."""
MAX_EXPANDED = 20_000
"""Nodes of a template, with all that it includes."""

Find = Callable[[str], Partial]
"""The partial of a name; raises BadAskError for an unknown one."""


def parsed(text: str, where: Where, environment: Environment | None = None) -> nodes.Template:
    """A template as a tree that holds only what a prompt may say.

    Raises:
        PromptFileError: With the line.
    """
    try:
        tree = (environment or sandbox()).parse(text)
        check(tree, where)
    except TemplateSyntaxError as error:
        raise where.fault(
            error.lineno, f"{error.message or 'The template cannot be read'}".rstrip(".") + "."
        ) from error
    except RecursionError as error:
        raise where.fault(1, "The template is nested too deeply.") from error
    return tree


def included(tree: nodes.Node) -> list[nodes.Include]:
    """The includes in a tree, in order."""
    return [node for node in every(tree) if isinstance(node, nodes.Include)]


def name_of(node: nodes.Include) -> str:
    """The name an include gives; `parsed` has seen to it that it is a text."""
    assert isinstance(node.template, nodes.Const)
    return str(node.template.value)


def gather(template: str, name: str, where: Where, find: Find) -> dict[str, Partial]:
    """All partials that a prompt includes, and those they include.

    Args:
        template: That of the prompt.
        name: Its name, which may not come up again.
        where: For errors.
        find: Gives a partial by name.

    Raises:
        PromptFileError: A circle, with the names in it; a partial with roles, or one that cannot be read.
        BadAskError: A partial is unknown.
    """
    found: dict[str, Partial] = {}
    _gather(template, (name,), where, find, found)
    return found


def _gather(text: str, path: tuple[str, ...], where: Where, find: Find, found: dict[str, Partial]) -> None:
    for node in included(parsed(text, where)):
        name = name_of(node)
        if name in path:
            circle = " > ".join(f"`{step}`" for step in (*path[path.index(name) :], name))
            raise where.fault(node.lineno, f"The prompts include each other in a circle: {circle}.")
        if name in found:
            continue
        if len(found) >= MAX_PARTIALS:
            raise where.fault(node.lineno, f"A prompt includes at most {MAX_PARTIALS} others.")
        partial = find(name)
        if has_roles(partial.template):
            raise where.fault(node.lineno, f"`{name}` has roles of its own; only a template without them is included.")
        _gather(partial.template, (*path, name), Where(f"{name}.md", 1), find, found)
        found[name] = partial


def all_variables(spec: Spec, partials: Mapping[str, Partial], file: str) -> dict[str, Variable]:
    """The variables of a prompt and of what it includes; the prompt's own word counts.

    Raises:
        PromptFileError: Two partials declare the same name differently, and the prompt does not say which it is.
    """
    found: dict[str, Variable] = {}
    owner: dict[str, str] = {}
    for name, partial in sorted(partials.items()):
        for variable, declared in partial.variables.items():
            if variable in found and found[variable] != declared and variable not in spec.variables:
                raise PromptFileError(
                    file,
                    1,
                    f"`{owner[variable]}` and `{name}` declare the variable `{variable}` differently; declare it here.",
                )
            found[variable], owner[variable] = declared, name
    return {**found, **spec.variables}


def expanded(tree: nodes.Template, partials: Mapping[str, Partial], where: Where) -> nodes.Template:
    """The tree with partials in place of their includes.

    Raises:
        PromptFileError: It becomes too large.
    """
    result = _Expansion(partials, where, tree).visit(tree)
    assert isinstance(result, nodes.Template)
    return result


class _Expansion(NodeTransformer):
    """Replaces includes, however deep; partials that include each other in a circle were refused before."""

    def __init__(self, partials: Mapping[str, Partial], where: Where, tree: nodes.Template) -> None:
        self._partials = partials
        self._where = where
        self._left = MAX_EXPANDED
        self._count(tree, 1)

    def visit_Include(self, node: nodes.Include) -> list[nodes.Node]:  # noqa: N802  the name Jinja calls
        """The nodes of the partial."""
        name = name_of(node)
        partial = parsed(self._partials[name].template, Where(f"{name}.md", 1))
        self._count(partial, node.lineno)
        for inner in every(partial):
            inner.lineno = node.lineno
        whole = self.visit(partial)
        return list(whole.body)

    def _count(self, tree: nodes.Template, line: int) -> None:
        self._left -= sum(1 for _ in every(tree))
        if self._left < 0:
            raise self._where.fault(line, f"The prompt has more than {MAX_EXPANDED} parts, with what it includes.")
