"""A prompt file says what it says, and what is wrong with it is told by its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.errors import BadAskError
from headworks.prompts.faults import PromptFileError
from headworks.prompts.files import MAX_SOURCE, read_file
from headworks.prompts.files.roles import parts
from headworks.prompts.record import digest

WHOLE = """---
description: Sorts tickets.
parameters:
  temperature: 0
  max_tokens: 20
  stop: ["\\n"]
variables:
  ticket: {type: string, max_length: 500}
  kind: {type: enum, values: [bug, wish, no], default: no}
  tags: {type: list, items: string, required: false}
  short: string
output:
  schema: {type: object, properties: {kind: {type: string}}}
tools:
  - name: look_up
    description: Looks something up.
    parameters: {type: object}
examples:
  - user: It is broken.
    assistant: bug
tests:
  - variables: {ticket: x}
    expect: bug
---

## system
Sort.

## user
{{ ticket }}
"""


def test_everything_in_a_file_is_read():
    file = read_file("sort.md", WHOLE)
    spec = file.spec
    assert (spec.description, spec.parameters.temperature, spec.parameters.stop) == ("Sorts tickets.", 0, ("\n",))
    assert spec.variables["kind"].values == ("bug", "wish", "no")
    assert spec.variables["kind"].default == "no"
    assert spec.variables["short"].type == "string"
    assert (spec.tools[0].name, spec.examples[0].assistant, spec.tests[0]["expect"]) == ("look_up", "bug", "bug")
    assert spec.output is not None
    assert file.first_line == 26
    assert [(part.role, part.text, part.line) for part in parts("f", spec.template)] == [
        ("system", "Sort.", 2),
        ("user", "{{ ticket }}", 5),
    ]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (
            "---\nparameters: {temprature: 1}\n---\nx",
            "p.md:2: `temprature` is no key of `parameters`. Did you mean `temp",
        ),
        ("---\n\nparametres: {}\n---\nx", "p.md:3: `parametres` is no key of a prompt. Did you mean `parameters`?"),
        ("---\nparameters: {temperature: hot}\n---\nx", "p.md:2: `parameters.temperature`: expected `float | null`"),
        ("---\nparameters:\n  temperature: 3\n---\nx", "p.md:3: `temperature` lies between 0 and 2."),
        ("---\nvariables:\n  a: {type: string}\n  b: {type: text}\n---\nx", "p.md:4: `variables.b.type`: invalid enum"),
        (
            "---\nvariables:\n  a:\n    maxlength: 3\n---\nx",
            "p.md:4: `maxlength` is no key of a variable. Did you mean `max",
        ),
        ("---\nvariables:\n  a-b: string\n---\nx", "p.md:3: `a-b` cannot be the name of a variable"),
        ("---\nvariables:\n  loop: string\n---\nx", "p.md:3: `loop` cannot be"),
        ("---\nvariables:\n  a: {type: enum}\n---\nx", "p.md:3: `a`: `values` belong to"),
        (
            "---\nvariables:\n  a: {type: integer, default: 1, maximum: 0}\n---\nx",
            "p.md:3: `a`: the default does not fit",
        ),
        (
            "---\nvariables:\n  a: {default: x, required: true}\n---\nx",
            "p.md:3: `a`: what has a default is not required.",
        ),
        ("---\nvariables:\n  a: {type: string, minimum: 1}\n---\nx", "p.md:3: `a`: `minimum` and `maximum` belong to"),
        ("---\nvariables: [a]\n---\nx", "p.md:2: `variables`: expected at most 200 names."),
        ("---\ntools: {name: a}\n---\nx", "p.md:2: `tools`: expected a list"),
        ("---\nexamples:\n- user: a\n---\nx", "p.md:3: `examples.0`: object missing required field `assistant`"),
        (
            "---\ndescription: a\ndescription: b\n---\nx",
            "p.md:3: The front matter: the key `description` is given twice.",
        ),
        ("---\na: &a [x]\nb: *a\n---\nx", "p.md:3: The front matter: aliases (`*name`) are not used here."),
        ("---\na: !!python/object:os.system x\n---\nx", "p.md:2: The front matter: tags (`!name`) are not used here."),
        ("---\n? [a]\n: b\n---\nx", "p.md:2: The front matter: a key must be plain text."),
        ("---\na: [\n---\nx", "p.md:2: The front matter: "),
        ("---\n- a\n---\nx", "p.md:2: The front matter: expected keys"),
        ("---\na: \x07\n---\nx", "p.md:2: A control character"),
        ("---\ndescription: x\n", "p.md:1: The front matter has no end"),
        ("---\ndescription: x\n---\n\n", "p.md:4: There is no template"),
        ("", "p.md:1: There is no template"),
        ("a\0b", "p.md:1: The character U+0000"),
        ("a\n\ud800", "p.md:2: The character U+D800"),
        ("---\ndescription: x\n---\nhello\n## user\nx", "p.md:4: There is text before the first role"),
        ("## sytem\nx", "p.md:1: `## sytem` is no role; write `## system`, or `\\## sytem` if it is text."),
        ("x" * (MAX_SOURCE + 1), "p.md:1: The file has 262145 characters"),
        ("---\n" + "a" * 70_000 + "\n---\nx", "p.md:1: The front matter has more than"),
        ("---\ndescription: " + "[" * 60 + "\n---\nx", "p.md:2: The front matter: more than 30 levels deep."),
        ("---\ntests: [" + "a," * 20_001 + "]\n---\nx", "p.md:2: The front matter: more than 20000 values."),
    ],
)
def test_a_fault_is_told_by_its_line(source, complaint):
    with pytest.raises(PromptFileError) as raised:
        read_file("p.md", source)
    assert raised.value.message.startswith(complaint)
    assert (raised.value.code, raised.value.status) == ("invalid_prompt", 422)


def test_a_file_that_unfolds_to_a_huge_one_is_refused_before_it_does():
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(PromptFileError, match=r"p\.md:3: .*aliases"):
        read_file("p.md", "---\n" + "\n".join(lines) + "\n---\nx")


def test_words_of_old_yaml_are_text():
    file = read_file(
        "p.md", "---\nvariables:\n  a: {type: enum, values: [no, on, 0777, 12:30, 1_000], default: on}\n---\nx"
    )
    assert file.spec.variables["a"].values == ("no", "on", "0777", "12:30", "1_000")


def test_line_ends_and_the_mark_of_windows_change_nothing():
    plain = read_file("p.md", WHOLE).spec
    assert read_file("p.md", "\ufeff" + WHOLE.replace("\n", "\r\n")).spec.template == plain.template
    assert digest(read_file("p.md", WHOLE + "\n\n  \n").spec, {}) == digest(plain, {})


def test_a_line_that_looks_like_a_role_is_written_with_a_backslash():
    found = parts("f", "## user\na\n\\## system\n### user\n## Rules\n## user stories")
    assert [(part.role, part.text) for part in found] == [("user", "a\n## system\n### user\n## Rules\n## user stories")]


def test_a_template_without_roles_is_one_message_of_the_user():
    assert [(part.role, part.text, part.line) for part in parts("f", "\n\nhello")] == [("user", "hello", 3)]


def outcome(source: str) -> str:
    """Where the template begins, or what is wrong."""
    try:
        return f"p.md:{read_file('p.md', source).first_line}"
    except BadAskError as error:
        return error.message


@given(st.text())
def test_any_text_is_read_or_refused_with_a_line(source):
    assert outcome(source).startswith("p.md:")


@given(st.text(alphabet="---\n\t {}[]:,&*!|>\"'#?a1.~", max_size=60))
def test_any_front_matter_is_read_or_refused_with_a_line(text):
    assert outcome(f"---\n{text}\n---\nx").startswith("p.md:")
