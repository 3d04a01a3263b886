"""One call's prefix: its sections by name, what is known of each, and what follows. Satisfies `core.prefix.Prefix`."""

from msgspec import Struct

from headworks.cache.prefix.contents import Bill
from headworks.cache.prefix.economics import Reuse, life_that_pays, ratios
from headworks.cache.prefix.ladder import Section, Step, lives
from headworks.cache.prefix.memory import Memory, Moved, name_of
from headworks.cache.prefix.minimums import least_tokens
from headworks.cache.prefix.naming import Naming, Stretch, naming
from headworks.cache.prefix.traffic import Conversation, Habit, Sights
from headworks.core.messages import Ask, Route, Target
from headworks.core.prefix import LIFE_S, Life, Marks, Order, Post
from headworks.dialects.sections import Sections

BYTES_PER_TOKEN = 4
CALLS_OF_A_KEY = 15
"""Calls a minute with one key and one prefix, beyond which a provider sends some elsewhere
(developers.openai.com/api/docs/guides/prompt-caching, read 2026-11-24)."""
MOST_KEYS = 64
_OWN_GAPS = 1.5
"""A conversation that went on twice tells more of itself than all others do."""
_BY_NAME = "cached_content"
_PLAIN_LIFE = LIFE_S["5m"]
"""How long a provider that keeps prefixes unasked is taken to do so: five to ten minutes (as above)."""


class _Seen(Struct, frozen=True):
    """A section that is long enough to be kept, with all before it, and the uses expected to follow."""

    section: Section
    sights: Sights
    name: bytes
    size: int
    reuse: Reuse | None


class _Made(Struct, frozen=True):
    """What was decided for one target, and what its provider then keeps; `stretches` may be kept by name."""

    marks: Marks
    written: tuple[tuple[Sights, Life], ...]
    naming: Naming | None = None
    bill: Bill | None = None
    stretches: tuple[Stretch, ...] = ()


class Known:
    """What is known of one call's prefix.

    Args:
        memory: What all calls share.
        ask: The call.
        feature: Its feature.
        sections: Its prompt.

    Attributes:
        affinity: A number that is the same for all calls of the conversation.
    """

    __slots__ = (
        "_ask",
        "_begun_as",
        "_conversation",
        "_made",
        "_memory",
        "_scope",
        "_sections",
        "_static",
        "_tools",
        "affinity",
    )

    def __init__(self, memory: Memory, ask: Ask, feature: str, sections: Sections) -> None:
        self._memory = memory
        self._sections = sections
        self._scope = name_of((ask.org_id or "").encode(), feature.encode())
        self._tools = name_of(self._scope, sections.tools)
        self._static = name_of(self._tools, sections.system)
        first = ask.session_id.encode() if ask.session_id else bytes(sections.turns[0]) if sections.turns else b""
        self._conversation = name_of(self._static, first)
        self._begun_as = name_of(self._scope, first) if ask.session_id else self._conversation
        self.affinity = int.from_bytes(self._begun_as[:7], "big")
        self._made: dict[tuple[str, str, int], _Made] = {}
        self._ask = ask

    def begin_at(self, route: Route) -> int:
        """The place of the target that holds the conversation, while it does and is cheaper there; else the first."""
        memory, targets = self._memory, route.targets
        moved = memory.moved.get(self._begun_as) if len(memory.moved) else None
        if moved is None or len(targets) == 1 or memory.clock.monotonic() >= moved.until_s:
            return 0
        for place, target in enumerate(targets):
            if (target.provider, target.provider_model) == (moved.provider, moved.provider_model):
                return place if self._is_cheaper(target, targets[0]) else 0
        return 0

    def marks(self, target: Target, key: int = 0) -> Marks | None:
        """What to say to a target; None where the client says it itself."""
        return None if self._sections.marked else self._made_for(target, key).marks

    def keep(self, target: Target, key: int, order: Order, post: Post) -> None:
        """Have the order sent, in the background and once."""
        made = self._made_for(target, key)
        if made.naming is not None and made.bill is not None:
            contents = self._memory.contents
            contents.order(made.naming.name, _account(target, key), order, post, made.bill)

    def used(self, target: Target, key: int, name: str) -> None:
        """A request that names this has begun to be answered."""
        for stretch in self._made_for(target, key).stretches:
            self._memory.contents.used(stretch.name, name)

    def gone(self, target: Target, key: int, name: str) -> None:
        """The account keeps nothing under this name any more."""
        for stretch in self._made_for(target, key).stretches:
            self._memory.contents.gone(stretch.name, name, target.provider)

    def landed(self, place: int, target: Target) -> None:
        """The target at this place of the route has begun to answer."""
        memory = self._memory
        now_s = memory.clock.monotonic()
        life_s = _PLAIN_LIFE
        if not self._sections.marked:
            for sights, life in self._written(target):
                sights.written(life, now_s)
                life_s = LIFE_S[life]
        if place:
            memory.moved.drop(self._begun_as)
            memory.moved.put(self._begun_as, Moved(target.provider, target.provider_model, now_s + life_s))
        elif len(memory.moved):
            memory.moved.drop(self._begun_as)

    def _written(self, target: Target) -> tuple[tuple[Sights, Life], ...]:
        """What is kept by its mark once the target has begun to answer."""
        return () if _BY_NAME in target.capabilities else self._made_for(target, 0).written

    def _made_for(self, target: Target, key: int) -> _Made:
        place = (target.provider, target.provider_model, key if _BY_NAME in target.capabilities else 0)
        made = self._made.get(place)
        if made is None:
            make = self._make_by_name if _BY_NAME in target.capabilities else self._make
            made = self._made[place] = make(target, key)
        return made

    def _make(self, target: Target, _key: int) -> _Made:
        model = name_of(target.provider.encode(), target.provider_model.encode())
        now_s = self._memory.clock.monotonic()
        steps = self._steps(target, model, now_s) if "cache_control" in target.capabilities else []
        marked = lives(steps)
        key = self._key(self._sight(model, self._static, now_s)) if "prompt_cache_key" in target.capabilities else None
        by_section = {step.section: life for step, life in marked}
        marks = Marks(
            tools=by_section.get("tools"),
            system=by_section.get("system"),
            documents=by_section.get("documents"),
            history=by_section.get("history"),
            key=key,
            sorted_tools=self._sorted_tools,
        )
        return _Made(marks, tuple((step.sights, life) for step, life in marked))

    def _make_by_name(self, target: Target, key: int) -> _Made:
        """For an account that keeps beginnings under names: uses by its own key count, for it is sent no others."""
        memory, account = self._memory, _account(target, key)
        tariff = memory.tariff(target)
        if tariff is None:
            return _Made(Marks(sorted_tools=self._sorted_tools), ())
        now_s = memory.clock.monotonic()
        stretches = self._stretches(self._seen(target, account, now_s), account)
        decided = naming(stretches, memory.contents, account, tariff, now_s)
        marks = Marks(sorted_tools=self._sorted_tools, named=decided.named, wish=decided.wish)
        return _Made(marks, (), decided, decided.bill(target.provider, tariff), tuple(stretches))

    @property
    def _sorted_tools(self) -> bytes | None:
        return self._sections.tools if self._sections.sorted_tools else None

    def _stretches(self, seen: list[_Seen], account: bytes) -> list[Stretch]:
        """Tools and system prompt are one. How tools may be called is kept with them."""
        calling = bytes(self._ask.fields.get("tool_choice", b""))
        stretches = [
            Stretch(
                "system" if each.section == "tools" else each.section,
                name_of(account, each.name, calling),
                each.size,
                each.reuse,
                each.sights.gap_s,
            )
            for each in seen
        ]
        both = len(stretches) > 1 and stretches[1].upto == "system"
        return stretches[1:] if both else stretches

    def _steps(self, target: Target, model: bytes, now_s: float) -> list[Step]:
        """The sections that are long enough to be kept, with the life that each is worth by itself."""
        costs = ratios(self._memory.prices(target))
        found: list[Step] = []
        for seen in self._seen(target, model, now_s):
            worth = None if seen.reuse is None else life_that_pays(seen.reuse, costs)
            found.append(Step(seen.section, seen.sights, seen.sights.held(now_s) or worth))
        return found

    def _seen(self, target: Target, model: bytes, now_s: float) -> list[_Seen]:
        """The sections that are long enough to be kept, the shortest first."""
        sections, least = self._sections, least_tokens(target.provider_model) * BYTES_PER_TOKEN
        found: list[_Seen] = []
        size = 0
        parts: tuple[tuple[Section, bytes, bytes], ...] = (
            ("tools", self._tools, sections.tools),
            ("system", self._static, sections.system),
            ("documents", name_of(self._static, sections.documents), sections.documents),
        )
        for section, name, text in parts:
            size += len(text)
            if text and size >= least:
                sights = self._sight(model, name, now_s)
                found.append(_Seen(section, sights, name, size, sights.reuse()))
        if len(sections.turns) > 1:
            history, reuse = self._history(model, now_s)
            size += sum(len(turn) for turn in sections.turns[:-1])
            if size >= least:
                found.append(_Seen("history", history, self._conversation, size, reuse))
        return found

    def _sight(self, model: bytes, name: bytes, now_s: float) -> Sights:
        """The uses of one section with one model, this one among them."""
        prefixes, name = self._memory.prefixes, name_of(model, name)
        sights = prefixes.get(name)
        if sights is None:
            return prefixes.put(name, Sights(now_s))
        sights.again(now_s)
        return sights

    def _history(self, model: bytes, now_s: float) -> tuple[Conversation, Reuse | None]:
        """The uses of the history, and those expected; None where it is not what it was: it may change again."""
        memory, turns = self._memory, self._sections.turns
        name = name_of(model, self._conversation)
        habit = self._habit(model)
        known = memory.conversations.get(name)
        if known is not None and known.turns < len(turns) and known.end == hash(bytes(turns[known.turns - 1])):
            habit.note(now_s - known.last_s)
            known.again(now_s)
            reuse: Reuse | None = known.reuse() if known.gaps > _OWN_GAPS else habit.reuse()
        else:
            habit.note(None)
            reuse = None if known is not None else habit.reuse()
            memory.conversations.drop(name)
            known = memory.conversations.put(name, Conversation(now_s))
        known.turns, known.end = len(turns) - 1, hash(bytes(turns[-2]))
        return known, reuse

    def _habit(self, model: bytes) -> Habit:
        name = name_of(model, self._scope)
        return self._memory.habits.get(name) or self._memory.habits.put(name, Habit())

    def _key(self, sights: Sights) -> str:
        """The name of the prefix. One that is used very often has several, and each conversation keeps to one."""
        name = f"hw-{self._static.hex()}"
        keys = sights.shared_by(CALLS_OF_A_KEY, MOST_KEYS)
        return name if keys == 1 else f"{name}-{self.affinity % keys}"

    def _is_cheaper(self, there: Target, first: Target) -> bool:
        """Whether to read the prefix there costs less than to read it anew at the first, and to answer no more."""
        held, anew = self._memory.prices(there), self._memory.prices(first)
        if held is None or anew is None:
            return False
        cached = held.input if held.cached is None else held.cached
        return cached < anew.input and held.output <= anew.output


def _account(target: Target, key: int) -> bytes:
    """The name of an account, for one model."""
    return name_of(target.provider.encode(), target.provider_model.encode(), key.to_bytes(4, "big"))
