"""How an attempt puts the question: as it was asked, or as the rest of an answer that broke off."""

from typing import Protocol

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Target
from headworks.core.policy import Policy
from headworks.providers.pursuit.tools import Choice, Tools
from headworks.providers.resume import Delivered, Mode

TOKEN_CHARACTERS, TURN_TOKENS = 4, 8
"""About so many characters are a token, and a turn has so many more: for estimates that nothing is paid by."""


class Plan(Protocol):
    """What to send to whom."""

    ask: Ask

    def put(self, choice: Choice) -> tuple[Ask, Mode | None]:
        """The ask as `choice` is to be sent it, and how it asks for the rest of an answer; None for a whole one.

        Raises:
            BadAskError: It cannot be put to this target.
        """


class Fresh:
    """The question itself. `ask` is replaced when it has to be adapted (shortened, limited)."""

    __slots__ = ("ask",)

    def __init__(self, ask: Ask) -> None:
        self.ask = ask

    def put(self, choice: Choice) -> tuple[Ask, Mode | None]:
        """The ask, the same for everyone."""
        return self.ask, None


class Rest:
    """The rest of an answer, asked for by the best means that the target has and that has not failed there yet.

    Args:
        tools: What calls share.
        ask: The question.
        policy: How the feature wants streams resumed.
        delivered: What the client has.
        refused: The modes that failed with a place already, for this answer; grows.

    Attributes:
        said_tokens: How many tokens were delivered, at least.
    """

    def __init__(
        self, tools: Tools, ask: Ask, policy: Policy, delivered: Delivered, refused: set[tuple[int, Mode]]
    ) -> None:
        self.ask = ask
        self.said_tokens = 0
        self._tools = tools
        self._policy = policy
        self._delivered = delivered
        self._failed = refused
        editor = tools.editors[ask.dialect]
        possible = delivered.modes(ask.kind, editor.choices(ask), json_output=editor.expects_json(ask))
        self._modes: tuple[Mode, ...] = possible if policy.resume == "auto" else ("restart",)

    def put(self, choice: Choice) -> tuple[Ask, Mode | None]:
        """The ask in the mode that is next for this target."""
        mode = self._mode(choice)
        if mode is None:
            raise BadAskError("This answer cannot be continued by this model.", code="unsupported_field")
        return self._asked(mode, choice.target), mode

    def _asked(self, mode: Mode, target: Target) -> Ask:
        if mode == "restart":
            return self.ask
        editor = self._tools.editors[self.ask.dialect]
        request = self._policy.continuation if mode == "continue" else None
        ask = editor.continued(self.ask, self._delivered.continuable_text, request)
        limit = editor.max_tokens(ask)
        return ask if limit is None else editor.limited(ask, max(1, limit - self.said_tokens), target)

    def extra_tokens(self, mode: Mode) -> int:
        """About how many tokens the turn has that asks to go on."""
        return TURN_TOKENS + len(self._policy.continuation) // TOKEN_CHARACTERS if mode == "continue" else 0

    def _mode(self, choice: Choice) -> Mode | None:
        """The first mode that is possible, that the target offers, and that has not failed with it."""
        for mode in self._modes:
            if (choice.place, mode) not in self._failed and self._offers(choice.target, mode):
                return mode
        return None

    def failed(self, choice: Choice, mode: Mode) -> None:
        """This mode did not work with this target: what came could not be joined, or the target refused it."""
        self._failed.add((choice.place, mode))

    def _offers(self, target: Target, mode: Mode) -> bool:
        if mode == "prefill":
            refused = (target.provider, target.provider_model) in self._tools.no_prefill
            return not refused and (self.ask.kind == "completion" or "prefill" in target.capabilities)
        return mode == "restart" or self.ask.kind == "chat"
