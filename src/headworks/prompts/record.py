"""What a prompt says, and what the board keeps of it.

A `Spec` is a prompt file, read. The digest covers what reaches a model or decides whether it does: template, partials,
parameters, variables, tools, output and examples. Description and tests are kept beside it and change no answer.
"""

from hashlib import sha256
from typing import Any, Literal

import msgspec
from msgspec import Struct

Kind = Literal["string", "integer", "number", "boolean", "enum", "list", "object", "image"]


class Variable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be put in for a name.

    Attributes:
        type: Its kind.
        values: Of an enum, what it may be.
        items: Of a list, what its items are; anything when None.
        required: Whether it must be given; None means yes, unless it has a default.
        default: Taken when it is not given.
        max_length: Characters of a string, items of a list, characters of the JSON of an object.
        minimum: Of a number.
        maximum: Of a number.
        description: For people.
    """

    type: Kind = "string"
    values: tuple[str, ...] = ()
    items: Kind | None = None
    required: bool | None = None
    default: Any = None
    max_length: int | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    description: str | None = None


class Parameters(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the model is asked, where the client does not say it; named as in OpenAI's dialect."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: str | None = None
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None


class Tool(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A function the model may call; `parameters` is its JSON Schema."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] = {}
    strict: bool | None = None


class Output(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The JSON Schema of the answer."""

    schema: dict[str, Any]
    name: str = "answer"
    strict: bool | None = None


class Example(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A few-shot example, word for word."""

    user: str
    assistant: str


class Partial(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A template that others include, with the variables it brings along."""

    template: str
    variables: dict[str, Variable] = {}


class Spec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A prompt file, read. `tests` are for the golden set."""

    template: str
    parameters: Parameters = Parameters()
    variables: dict[str, Variable] = {}
    output: Output | None = None
    tools: tuple[Tool, ...] = ()
    examples: tuple[Example, ...] = ()
    description: str = ""
    tests: tuple[dict[str, Any], ...] = ()


class Version(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version as the board keeps it, under `name@number`.

    Attributes:
        name: Of the prompt.
        number: 1, 2, 3.
        digest: SHA-256 of its content, hexadecimal.
        spec: What it says.
        partials: All that it includes, by name, as they were when it was pushed.
        source: The file as pushed.
        created_at_s: Unix seconds.
        created_by: A name that people know.
        why: Their words.
        deleted: Marked as deleted: no longer listed, no label can be moved to it; whoever refers to it is served.
    """

    name: str
    number: int
    digest: str
    spec: Spec
    partials: dict[str, Partial] = {}
    source: str
    created_at_s: float
    created_by: str
    why: str = ""
    deleted: bool = False

    @property
    def title(self) -> str:
        """`name@number`."""
        return f"{self.name}@{self.number}"


class Label(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a label is, and the versions it was at before, the latest last."""

    version: int
    before: tuple[int, ...] = ()


def digest(spec: Spec, partials: dict[str, Partial]) -> str:
    """The SHA-256 of a prompt's content, hexadecimal. Equal content has equal digests, whatever the file looks like."""
    content = {
        "template": spec.template,
        "partials": partials,
        "parameters": spec.parameters,
        "variables": spec.variables,
        "output": spec.output,
        "tools": spec.tools,
        "examples": spec.examples,
    }
    return sha256(msgspec.json.encode(msgspec.to_builtins(content), order="sorted")).hexdigest()
