"""The filters of one call: what its ask and its answer have to pass."""

import asyncio
from collections.abc import Mapping, Sequence

from headworks.core.messages import Ask
from headworks.core.replies import Reply
from headworks.safety.acting import Actor, Note, refused
from headworks.safety.answers.screened import Screened
from headworks.safety.answers.window import Window
from headworks.safety.asks.editing import with_fields
from headworks.safety.asks.walking import FIELDS, changed
from headworks.safety.checks.leakage import Leakage
from headworks.safety.outside import Classifier, Finder, Panel, found_also
from headworks.safety.pii.vault import Vault
from headworks.safety.policy import EVERYBODY, OUTSIDE, Check, Origin, Policy
from headworks.safety.verdicts import Found, Verdict

_LONG = 100_000
"""Bytes of an ask beyond which it is looked through in a thread, so that other calls go on."""


class Guard:
    """Screens one call. `before` comes first, `after` once its reply is there.

    Args:
        policy: What is checked.
        classifiers: Classifiers outside, by name.
        finders: Finders outside, by name.
        note: Is told each verdict.
    """

    def __init__(
        self,
        policy: Policy,
        classifiers: Mapping[str, Classifier],
        finders: Mapping[str, Finder],
        note: Note,
    ) -> None:
        self._policy = policy
        self._finders = finders
        self._classifiers = classifiers
        self._note = note
        self._vault = Vault()
        self._system: list[str] = []
        self._checks: dict[Origin, list[Check]] = {
            origin: [check for check in policy.ask if origin in check.origins] for origin in EVERYBODY
        }

    async def before(self, ask: Ask) -> Ask:
        """The ask as the model may see it; the very same where nothing is changed.

        Raises:
            RefusedError: `content_policy_violation` (400): a check blocks.
        """
        size = sum(len(memoryview(ask.fields[name])) for name in FIELDS if name in ask.fields)
        look = _Look(self._checks, self._policy, ask, self._note)
        if self._policy.also is not None:
            texts = _texts(ask)
            look.also = await found_also(self._policy.also, self._finders, texts, look.actor)
        if size > _LONG:
            changes = await asyncio.to_thread(changed, ask.fields, look.visit)
        else:
            changes = changed(ask.fields, look.visit)
        self._vault, self._system = look.vault, look.system
        panel = Panel(self._policy.outside, self._classifiers, look.actor, "ask")
        if panel:
            await panel.judge("\n\n".join(look.users))
        return with_fields(ask, changes) if changes else ask

    def after(self, reply: Reply) -> Reply:
        """The reply as the client may see it. Iterating its chunks may raise what `before` raises."""
        policy = self._policy
        checks = [*policy.answer, *self._leak()]
        actor = Actor(policy, "answer", self._note)
        panel = Panel(policy.outside, self._classifiers, actor, "answer")
        if not (checks or self._vault or panel):
            return reply
        vault = self._vault

        def window(in_json: bool) -> Window:  # noqa: FBT001  one argument
            return Window(checks, actor, vault, in_json=in_json)

        screened = Screened(reply, window, panel, vault)
        # Never a copy of the reply's own type: a kept answer knows bytes that were written before it was screened.
        return Reply(target=reply.target, streamed=reply.streamed, chunks=screened, dropped=reply.dropped)

    def _leak(self) -> list[Check]:
        leak = self._policy.leak
        if leak is None or not (self._system or leak.canary):
            return []
        detector = Leakage("\n".join(self._system), leak.words, leak.canary)
        return [
            Check(
                name="leakage",
                detector=detector,
                action=leak.action,
                shadow=leak.shadow,
                open=leak.open,
                replacement=leak.replacement,
            )
        ]


def _texts(ask: Ask) -> list[str]:
    """All texts of an ask, each once."""
    texts: dict[str, None] = {}

    def visit(text: str, _: Origin) -> str:
        texts[text] = None
        return text

    changed(ask.fields, visit)
    return list(texts)


class _Look:
    """One walk through an ask: finds, covers, and remembers what later checks need.

    Attributes:
        actor: Acts on what is found.
        also: What finders outside found, by text.
        vault: Values that were covered.
        system: The system texts, for the check for leaks.
        users: What users write, as covered, for classifiers outside.
    """

    def __init__(self, checks: Mapping[Origin, Sequence[Check]], policy: Policy, ask: Ask, note: Note) -> None:
        self._checks = checks
        self._most = policy.max_characters
        self._ask = ask
        self._seen = 0
        self._passage = -1
        self._finders = policy.also
        self.also: dict[str, list[Found]] = {}
        self.vault = Vault(lambda: "".join(bytes(ask.fields[name]).decode() for name in FIELDS if name in ask.fields))
        self.actor = Actor(policy, "ask", note, self.vault)
        self.system: list[str] = []
        self.users: list[str] = []
        self._note = note

    def visit(self, text: str, origin: Origin) -> str:
        """One text of the ask."""
        self._passage += 1
        self._seen += len(text)
        if self._most is not None and self._seen > self._most:
            self._note(Verdict(check="size", kind="SIZE", action="block", side="ask", passage=self._passage))
            raise refused("size", "ask")
        if origin == "system":
            self.system.append(text)
        hits = self.actor.hits(self._checks[origin], text)
        if self._finders is not None and text in self.also:
            hits += self.actor.told(self._finders.check, self.also[text], text)
        if hits:
            text = self.actor.act(hits, text, passage=self._passage)
        if origin in OUTSIDE:
            self.users.append(text)
        return text
