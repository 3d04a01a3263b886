"""The facts of a prompt are read from its neutral form."""

from headworks.core.messages import (
    Audio,
    Document,
    Image,
    Message,
    OutputFormat,
    Prompt,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from headworks.routing.types import facts_of


def user(text: str) -> Message:
    return Message("user", (Text(text),))


def test_the_users_last_words_are_what_is_asked() -> None:
    prompt = Prompt(
        messages=(Message("system", (Text("Be brief."),)), user("First question, in full."), user("x" * 40))
    )
    assert facts_of(prompt).text == "x" * 40


def test_a_mere_follow_up_is_read_with_the_question_before() -> None:
    prompt = Prompt(messages=(user("Prove it."), Message("assistant", (Text("Shall I?"),)), user("yes")))
    assert facts_of(prompt).text == "Prove it.\nyes"


def test_an_empty_prompt_has_facts_too() -> None:
    assert facts_of(Prompt(messages=())).text == ""


def test_pictures_are_counted_wherever_they_are() -> None:
    result = Message("tool", (ToolResult("c", (Text("seen"), Image(url="https://example.com/a.png"))),))
    prompt = Prompt(messages=(Message("user", (Image(data="aa"), Audio("bb", "wav"))), result))
    facts = facts_of(prompt)
    assert (facts.images, facts.audio) == (2, 1)


def test_tokens_are_estimated_over_all_messages_unless_they_were_counted() -> None:
    document = Message("user", (Document(text="word " * 4_000), Document(data="a" * 1_600)))
    call = Message("assistant", (ToolCall("c", "f", "{}" * 40),))
    prompt = Prompt(messages=(document, call))
    assert facts_of(prompt).tokens == 5_000 + 100 + 20
    assert facts_of(prompt, tokens=7).tokens == 7


def test_scripts_other_than_latin_have_more_tokens() -> None:
    assert facts_of(Prompt(messages=(user("日本語" * 100),))).tokens == 200


def test_a_schema_of_choices_and_numbers_asks_for_labels_only() -> None:
    fields = {"mood": {"enum": ["good", "bad"]}, "sure": {"type": "number"}}
    schema = OutputFormat(mode="json_schema", schema={"type": "object", "properties": fields})
    assert facts_of(Prompt(messages=(), output=schema)).labels_only
    open_schema = OutputFormat(mode="json_schema", schema={"properties": {**fields, "why": {"type": "string"}}})
    assert not facts_of(Prompt(messages=(), output=open_schema)).labels_only
    assert not facts_of(Prompt(messages=(), output=OutputFormat(mode="json"))).labels_only


def test_effort_and_tools_are_noted() -> None:
    prompt = Prompt(messages=(), reasoning=Reasoning(effort="high"), tools=(Tool(name="f"),))
    assert (facts_of(prompt).effort, facts_of(prompt).tools) == ("high", 1)
    assert facts_of(Prompt(messages=(), reasoning=Reasoning(enabled=False, effort="high"))).effort is None
