"""The rest of an answer is asked for by the best means the model has, and by none that has failed with it."""

import json

import msgspec
import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import Target
from headworks.core.policy import Policy
from headworks.core.replies import TextDelta, ToolCallStarted
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Envelope
from headworks.providers.health import Admission, Lane
from headworks.providers.pursuit.plans import Fresh, Rest
from headworks.providers.pursuit.tools import Choice
from headworks.providers.resume import Delivered

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)
SAID = [TextDelta("Once upon a time"), TextDelta(" there was")]
CALLING = [ToolCallStarted(slot=0, id="c", name="f")]
PREFILL = frozenset({"chat", "prefill"})


def ask(**fields):
    body = {"model": "m", "messages": [{"role": "user", "content": "Tell a story"}]} | fields
    return openai.CHAT.read(json.dumps(body).encode(), ENVELOPE)


class Desk:
    """A route of a model with prefill and one without."""

    def __init__(self, bench):
        bench = bench("one", "two")
        self.tools = msgspec.structs.replace(
            bench.tools, editors={"openai": openai.EDITOR, "anthropic": anthropic.EDITOR}
        )
        self.refused = set()
        self.places = [self.choice(bench.targets[0], 0, PREFILL), self.choice(bench.targets[1], 1, frozenset({"chat"}))]

    def choice(self, target, place, capabilities):
        target = msgspec.structs.replace(target, capabilities=capabilities)
        return Choice(place, target, self.tools.road(target), Admission(Lane("p", "m", 0)))

    def rest(self, question=None, events=SAID, **policy):
        return Rest(self.tools, question or ask(), Policy(**policy), Delivered.of(events), self.refused)

    def modes(self, rest, place):
        """Every mode that is tried at a place, in turn."""
        modes = []
        while True:
            try:
                _, mode = rest.put(self.places[place])
            except BadAskError:
                return modes
            modes.append(mode)
            rest.failed(self.places[place], mode)


@pytest.fixture
def desk(bench):
    return Desk(bench)


def messages(asked):
    return json.loads(bytes(asked.fields["messages"]))


def test_a_question_is_put_to_everyone_as_it_is(desk):
    question = ask()
    assert [Fresh(question).put(choice) for choice in desk.places] == [(question, None)] * 2


@pytest.mark.parametrize(("place", "modes"), [(0, ["prefill", "continue", "restart"]), (1, ["continue", "restart"])])
def test_plain_text_goes_on_by_the_best_means_that_has_not_failed_there(desk, place, modes):
    assert desk.modes(desk.rest(), place) == modes


def test_what_failed_with_one_model_may_work_with_another(desk):
    rest = desk.rest()
    assert desk.modes(rest, 0)[-1] == "restart"
    assert desk.modes(rest, 1) == ["continue", "restart"]


def test_what_failed_is_remembered_when_the_answer_breaks_again(desk):
    desk.rest().failed(desk.places[0], "prefill")
    assert desk.modes(desk.rest(), 0) == ["continue", "restart"]


def test_a_model_that_was_seen_to_refuse_prefill_is_not_asked_for_it(desk):
    desk.tools.no_prefill.add(("one", "m0"))
    assert desk.modes(desk.rest(), 0) == ["continue", "restart"]


@pytest.mark.parametrize(
    "other",
    [
        {"resume": "restart"},
        {"question": ask(n=2)},
        {"question": ask(response_format={"type": "json_object"})},
        {"events": CALLING},
    ],
)
def test_all_else_is_asked_anew(desk, other):
    assert desk.modes(desk.rest(**other), 0) == ["restart"]


def test_a_prefill_ends_in_what_was_said_and_a_continuation_in_the_request_to_go_on(desk):
    rest = desk.rest(continuation="Weiter.")
    prefilled, _ = rest.put(desk.places[0])
    continued, _ = rest.put(desk.places[1])
    said = {"role": "assistant", "content": "Once upon a time there was"}
    assert messages(prefilled)[1:] == [said]
    assert messages(continued)[1:] == [said, {"role": "user", "content": "Weiter."}]


@pytest.mark.parametrize(("limit", "said", "left"), [(100, 40, 60), (100, 120, 1), (None, 40, None)])
def test_the_rest_is_given_what_is_left_of_the_limit(desk, limit, said, left):
    rest = desk.rest(ask(**({"max_tokens": limit} if limit else {})))
    rest.said_tokens = said
    asked, _ = rest.put(desk.places[1])
    assert openai.EDITOR.max_tokens(asked) == left


def test_an_answer_that_is_told_anew_is_given_the_whole_limit(desk):
    rest = desk.rest(ask(max_tokens=100), resume="restart")
    rest.said_tokens = 40
    question, mode = rest.put(desk.places[0])
    assert (mode, openai.EDITOR.max_tokens(question)) == ("restart", 100)


def test_a_completion_goes_on_by_itself(desk):
    body = json.dumps({"model": "m", "prompt": "Once", "max_tokens": 50}).encode()
    rest = desk.rest(openai.COMPLETIONS.read(body, ENVELOPE))
    asked, mode = rest.put(desk.places[1])
    assert mode == "prefill"
    assert json.loads(bytes(asked.fields["prompt"])) == "OnceOnce upon a time there was"
    assert isinstance(desk.places[1].target, Target)
