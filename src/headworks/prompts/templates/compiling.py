"""Compile a version once, render it as often as it is asked for.

The messages of a prompt are parted before anything is put in, so values cannot make one. Text that does not depend on
values is the same bytes for everybody.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Template, TemplateError, nodes
from jinja2.visitor import NodeTransformer
from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.prompts.files.roles import Part, parts
from headworks.prompts.record import Example, Partial, Spec, Variable
from headworks.prompts.templates.includes import all_variables, expanded, parsed
from headworks.prompts.templates.meter import Meter
from headworks.prompts.templates.pieces import Code, Message, Pictures, Piece, Section, Value
from headworks.prompts.templates.rules import Where, check_names, every
from headworks.prompts.templates.sandbox import TURNS, Sandbox, sandbox
from headworks.prompts.values import checked_values

_NODES_A_TURN = 10


class Compiled(Struct, frozen=True, kw_only=True):
    """A prompt, ready to be rendered.

    Attributes:
        spec: What it says.
        variables: Those of the prompt and of its partials.
        sections: Its messages, examples in their place.
    """

    spec: Spec
    variables: dict[str, Variable]
    sections: tuple[Section, ...]

    def messages(self, given: Mapping[str, Any]) -> list[Message]:
        """The messages with values put in; those that come out empty are left out.

        Raises:
            BadAskError: A variable is missing, unknown, of the wrong type or too long, or the template cannot work
                with its value; the result is too long; no message is left.
        """
        values, meter = checked_values(self.variables, given), Meter()
        try:
            found = [section.message(values, meter) for section in self.sections]
        except TemplateError as error:
            raise BadAskError(f"The prompt cannot be rendered: {error}.", param="variables") from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            raise BadAskError(
                f"The prompt cannot be rendered with these variables: {error}.", param="variables"
            ) from error
        messages = [message for message in found if message is not None]
        if not messages:
            raise BadAskError("The prompt is empty with these variables.", param="variables")
        return messages

    def standing(self) -> list[str]:
        """The text of each message that stands before anything that a variable can change."""
        found: list[str] = []
        for section in self.sections:
            text, whole = section.standing()
            found.append(text)
            if not whole:
                break
        return found


def compile_prompt(spec: Spec, partials: Mapping[str, Partial], file: str, first_line: int = 1) -> Compiled:
    """Compile a prompt with all that it includes.

    Args:
        spec: The prompt.
        partials: What it includes, by name, all the way down.
        file: For errors.
        first_line: The line of the file on which the template begins.

    Raises:
        PromptFileError: The template says what no prompt can say; with the line.
    """
    variables = all_variables(spec, partials, file)
    environment = sandbox()
    compiling = _Compiling(environment, variables, partials)
    found = [
        Section(part.role, compiling.pieces(part, Where(file, first_line + part.line - 1)))
        for part in parts(file, spec.template, first_line)
    ]
    return Compiled(spec=spec, variables=variables, sections=tuple(_with_examples(found, spec.examples)))


def _with_examples(sections: list[Section], examples: tuple[Example, ...]) -> list[Section]:
    """Examples come after the system messages that lead, before everything else."""
    lead = next((at for at, section in enumerate(sections) if section.role != "system"), len(sections))
    shots: list[Section] = []
    for example in examples:
        shots += [Section("user", (example.user,)), Section("assistant", (example.assistant,))]
    return sections[:lead] + shots + sections[lead:]


class _Compiling:
    def __init__(
        self, environment: Sandbox, variables: Mapping[str, Variable], partials: Mapping[str, Partial]
    ) -> None:
        self._environment = environment
        self._variables = variables
        self._partials = partials

    def pieces(self, part: Part, where: Where) -> tuple[Piece, ...]:
        """The pieces of one message."""
        try:
            tree = expanded(parsed(part.text, where, self._environment), self._partials, where)
            return tuple(self._pieces(tree, part, where))
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise where.fault(1, "The template is nested too deeply.") from error

    def _pieces(self, tree: nodes.Template, part: Part, where: Where) -> list[Piece]:
        found: list[Piece] = []
        rest: list[nodes.Node] = []
        for node in _flat(tree):
            name = node.name if isinstance(node, nodes.Name) else ""
            if self._is_picture(name):
                if part.role != "user":
                    raise where.fault(node.lineno, f"The picture `{name}` stands in a message of the user.")
                self._end(rest, found, where)
                found.append(Pictures(name))
            elif not rest and isinstance(node, nodes.TemplateData):
                found.append(node.data)
            elif not rest and name in self._variables:
                found.append(Value(name))
            else:
                rest.append(node)
        self._end(rest, found, where)
        return found

    def _end(self, rest: list[nodes.Node], found: list[Piece], where: Where) -> None:
        if not rest:
            return
        body = [nodes.Output([one]).set_lineno(one.lineno) if isinstance(one, nodes.Expr) else one for one in rest]
        rest.clear()
        tree = nodes.Template(body).set_lineno(1)
        check_names(tree, self._variables, where)
        tree = _Counted().visit(tree)
        tree.set_environment(self._environment)
        code = self._environment.compile(tree, filename="prompt")
        found.append(Code(Template.from_code(self._environment, code, {})))

    def _is_picture(self, name: str) -> bool:
        variable = self._variables.get(name)
        return variable is not None and "image" in (variable.type, variable.items)


def _flat(tree: nodes.Template) -> list[nodes.Node]:
    """What stands one after another in a template, texts and values out of their group."""
    found: list[nodes.Node] = []
    for node in tree.body:
        found += node.nodes if isinstance(node, nodes.Output) else [node]
    return found


class _Counted(NodeTransformer):
    """Lets every loop count its turns."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  the name Jinja calls
        """The loop over what is counted."""
        weight = 1 + sum(1 for child in node.body for _ in every(child)) // _NODES_A_TURN
        self.generic_visit(node)
        given = [nodes.Const(weight).set_lineno(node.lineno)]
        node.iter = nodes.Filter(node.iter, TURNS, given, [], None, None).set_lineno(node.lineno)
        return node
