"""Templates write values, conditions and loops, and can do nothing else."""

import pytest

from headworks.core.errors import BadAskError
from headworks.prompts.faults import PromptFileError
from headworks.prompts.files import read_file
from headworks.prompts.record import Partial, Variable
from headworks.prompts.templates import compile_prompt
from headworks.prompts.templates.meter import MAX_RENDERED
from headworks.prompts.values import Picture

TYPES = {"s": "type: string", "n": "type: integer", "b": "type: boolean", "l": "type: list", "o": "type: object"}


@pytest.mark.parametrize(
    ("template", "given", "text"),
    [
        ("{{ s }}", {"s": "<a> & 'b'"}, "<a> & 'b'"),
        (
            "{{ n }} {{ b }} {{ l }} {{ o }}",
            {"n": 1, "b": True, "l": [1, None], "o": {"a": "ä"}},
            '1 true [1,null] {"a":"ä"}',
        ),
        ("{% if b %}\nyes\n{% else %}\nno\n{% endif %}\nend", {"b": False}, "no\nend"),
        (
            "{% for x in l %}\n{{ loop.index }}/{{ loop.length }} {{ x.t }}\n{% endfor %}",
            {"l": [{"t": "a"}, {"t": "b"}]},
            "1/2 a\n2/2 b\n",
        ),
        ("{% for k, v in o|items %}{{ k }}={{ v }};{% endfor %}", {"o": {"a": 1, "b": 2}}, "a=1;b=2;"),
        ("{% for k in o %}{{ k }}{{ o[k] }}{% endfor %}", {"o": {"a": 1}}, "a1"),
        ("{% for x in l if x > 1 %}{{ x }}{% else %}none{% endfor %}", {"l": [1]}, "none"),
        ("{{ l|join(', ') }} {{ l|length }} {{ l|first }} {{ l|last }}", {"l": ["a", "b"]}, "a, b 2 a b"),
        ("{{ s|upper }} {{ s|trim|capitalize }} {{ s[:2] }} {{ s|tojson }}", {"s": "ab c"}, 'AB C Ab c ab "ab c"'),
        ("{{ o.missing|default('-') }} {{ 'x' if o.a is defined else 'y' }}", {"o": {"b": 1}}, "- y"),
        ("{{ s|indent(2) }}", {"s": "a\nb"}, "a\n  b"),
        ("{{ n + 1 }} {{ -n }} {{ s ~ n }} {{ n == 2 and 'a' in s }}", {"n": 2, "s": "a"}, "3 -2 a2 true"),
        ("{% raw %}{{ s }}{% endraw %}{# note #}", {}, "{{ s }}"),
        ("{{ o.items }}", {"o": {"items": "mine"}}, "mine"),
    ],
)
def test_what_a_template_can_say(rendered, template, given, text):
    (message,) = rendered(template, {name: TYPES[name] for name in TYPES if name in given}, **given)
    assert message.text == text


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("{{ s.upper() }}", "a call"),
        ("{{ range(9) }}", "a call"),
        ("{{ s * 9 }}", "`*`"),
        ("{{ '%99d' % s }}", "`%`"),
        ("{{ n ** n }}", "`**`"),
        ("{% set a = s %}", "`set`"),
        ("{% set a %}x{% endset %}", "`set`"),
        ("{% macro m() %}x{% endmacro %}", "`macro`"),
        ("{% import 'x' as y %}", "`import`"),
        ("{% extends 'x' %}", "`extends`"),
        ("{% block b %}{% endblock %}", "`block`"),
        ("{% with %}{% endwith %}", "`with`"),
        ("{% filter upper %}x{% endfilter %}", "`filter`"),
        ("{% autoescape true %}x{% endautoescape %}", "no place for"),
        ("{{ {'a': s} }}", "an object of its own"),
        ("{% for x in l recursive %}{% endfor %}", "`recursive`"),
        ("{{ s|attr('x') }}", "There is no filter `attr`."),
        ("{{ s|uper }}", "There is no filter `uper`. Did you mean `upper`?"),
        ("{{ s is callable }}", "There is no test `callable`."),
        ("{{ nam }}", "`nam` is not among the variables of the prompt."),
        ("{% for x in l %}{% endfor %}{{ x }}", "`x` is not among the variables"),
        ("{% for s in l %}{% endfor %}", "The loop hides the variable `s`"),
        ("{{ _meter }}", "does not begin with `_`"),
        ("{{ self }}", "`self` is not among"),
        ("{{ l|join(s) }}", "`join` takes a text in quotes"),
        ("{{ s|indent(99) }}", "`indent` takes a number"),
        ("{{ s|tojson|tojson|tojson }}", "More than 2 of indent, join, tojson"),
        ("{{ " + "s ~ " * 60 + "s }}", "More than 50 values in one expression."),
        ("{% include s %}", "`include` takes a name in quotes"),
        ("{% include ['a'] %}", "`include` takes a name in quotes"),
        ("{% if s %}", "Unexpected end of template."),
        ("{{ s", "unexpected end of template"),
        ("{{ " + "(" * 3000 + "s" + ")" * 3000 + " }}", "The template is nested too deeply."),
        ("{% for x in l %}" * 30 + "{% endfor %}" * 30, "The template is nested too deeply."),
    ],
)
def test_what_a_template_cannot_say_is_refused_by_its_line(rendered, template, complaint):
    with pytest.raises(PromptFileError) as raised:
        rendered("one\n\n" + template, TYPES, s="a", n=1, b=True, l=[], o={})
    line, sentence = raised.value.message.removeprefix("p.md:").split(": ", 1)
    assert complaint in sentence
    assert int(line) in (9, 11)  # the template begins on line 9; what is too deep is told by where it begins


@pytest.mark.parametrize(
    "way", ["s.__class__", "o.__class__.__mro__", "o['__init__']", "l.append", "loop.__class__", "o.keys"]
)
def test_no_attribute_of_python_is_reachable(rendered, way):
    template = "{% for x in l %}{{ " + way + " }}{% endfor %}"
    with pytest.raises(BadAskError, match="there is no `"):
        rendered(template, TYPES, s="a", n=1, b=True, l=[1], o={"a": 1})


def test_an_operation_that_values_do_not_allow_is_the_callers_fault(rendered):
    with pytest.raises(BadAskError, match="cannot be rendered with these variables") as raised:
        rendered("{{ o + 1 }}", {"o": TYPES["o"]}, o={})
    assert raised.value.status == 400
    with pytest.raises(BadAskError, match="goes through lists and objects only"):
        rendered("{% for x in s %}{{ x }}{% endfor %}", {"s": TYPES["s"]}, s="abc")


def test_a_loop_has_an_end(rendered):
    with pytest.raises(BadAskError, match="more than 100000 turns"):
        rendered("{% for x in l %}{% for y in l %}{% endfor %}{% endfor %}", {"l": TYPES["l"]}, l=[0] * 400)


def test_a_loop_with_a_long_body_ends_sooner(rendered):
    body = "{{ x }} " * 600
    with pytest.raises(BadAskError, match="more than 100000 turns"):
        rendered("{% for x in l %}" + body + "{% endfor %}", {"l": "type: list"}, l=[0] * 1000)


def test_the_result_has_an_end(rendered):
    with pytest.raises(BadAskError, match=f"beyond {MAX_RENDERED} characters"):
        rendered(
            "{% for x in l %}{{ s }}{% endfor %}", {"l": "type: list", "s": "type: string"}, l=[0] * 30, s="a" * 100_000
        )


def test_a_message_that_comes_out_empty_is_left_out_and_all_empty_is_refused(rendered):
    template = "## system\nA.\n## user\n{{ s }}"
    assert [message.role for message in rendered(template, {"s": TYPES["s"]}, s=" ")] == ["system"]
    with pytest.raises(BadAskError, match="The prompt is empty"):
        rendered("{{ s }}", {"s": TYPES["s"]}, s="\n")


def test_pictures_stand_between_texts(rendered):
    declared = {"p": "type: image, required: false", "q": "type: list, items: image, required: false"}
    template = "Look: {{ p }} and {{ q }}{% if p %} Good?{% endif %}{% if not q %} Alone.{% endif %}"
    (message,) = rendered(template, declared, p="https://a.example/1", q=["https://a.example/2", "https://a.example/3"])
    one, two, three = (Picture(f"https://a.example/{n}") for n in (1, 2, 3))
    assert message.parts == ("Look: ", one, " and ", two, three, " Good?")
    (message,) = rendered(template, declared)
    assert message.parts == ("Look:  and  Alone.",)


@pytest.mark.parametrize(
    "template",
    [
        "{{ p|upper }}",
        "{% if p %}{{ p }}{% endif %}",
        "{% for x in q %}{{ x }}{% endfor %}",
        "{{ p ~ 'a' }}",
        "## system\n{{ p }}\n## user\nx",
        "## user\nx\n## assistant\n{{ p }}",
    ],
)
def test_a_picture_has_its_place_only_in_a_message_of_the_user(rendered, template):
    with pytest.raises(PromptFileError, match=r"The picture `(p|q)`"):
        rendered(template, {"p": "type: image", "q": "type: list, items: image"}, p="https://a.example/1", q=[])


def test_examples_come_after_the_leading_system_messages(compiled):
    source = "---\nexamples:\n- {user: '{{ 1 }}', assistant: '## user'}\n---\n## system\na\n## user\nb"
    messages = compiled(source).messages({})
    assert [(message.role, message.text) for message in messages] == [
        ("system", "a"),
        ("user", "{{ 1 }}"),
        ("assistant", "## user"),
        ("user", "b"),
    ]


def test_what_stands_ends_at_the_first_thing_that_can_differ(compiled):
    head = "---\nvariables: {s: string}\n---\n"
    assert compiled(head + "## system\nab\n## user\ncd {{ s }} ef").standing() == ["ab", "cd "]
    assert compiled(head + "## system\nab{% if s %}x{% endif %}\n## user\ncd").standing() == ["ab"]
    assert compiled("## system\nab\n## user\ncd").standing() == ["ab", "cd"]


def test_a_partial_stands_where_it_is_included():
    file = read_file(
        "p.md", '---\nvariables: {l: list}\n---\n{% for x in l %}{% include "line" %}{% endfor %}{% include "end" %}'
    )
    partials = {
        "line": Partial(template='- {{ mark }}{% include "dot" %}', variables={"mark": Variable()}),
        "dot": Partial(template="."),
        "end": Partial(template="{% if mark %}end{% endif %}", variables={"mark": Variable()}),
    }
    compiled = compile_prompt(file.spec, partials, "p.md", file.first_line)
    (message,) = compiled.messages({"l": [1, 2], "mark": "m"})
    assert message.text == "- m.- m.end"


def test_two_partials_that_disagree_on_a_variable_need_a_word_of_the_prompt():
    partials = {
        "a": Partial(template="{{ x }}", variables={"x": Variable()}),
        "b": Partial(template="{{ x }}", variables={"x": Variable(type="integer")}),
    }
    template = '{% include "a" %}{% include "b" %}'
    with pytest.raises(PromptFileError, match="`a` and `b` declare the variable `x` differently"):
        compile_prompt(read_file("p.md", template).spec, partials, "p.md")
    spec = read_file("p.md", f"---\nvariables: {{x: boolean}}\n---\n{template}").spec
    assert compile_prompt(spec, partials, "p.md").messages({"x": True})[0].text == "truetrue"


def test_includes_do_not_grow_beyond_measure():
    partials = {f"p{n}": Partial(template=f'{{% include "p{n + 1}" %}}' * 10) for n in range(6)}
    partials["p6"] = Partial(template="{{ 1 }}")
    with pytest.raises(PromptFileError, match="more than 20000 parts"):
        compile_prompt(read_file("p.md", '{% include "p0" %}').spec, partials, "p.md")
