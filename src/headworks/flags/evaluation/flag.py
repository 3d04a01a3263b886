"""One flag: its definition read, checked and compiled at once, and evaluated as often as asked."""

import re
from collections.abc import Mapping
from typing import Any, get_args

import msgspec
from msgspec import structs

from headworks.flags.evaluation.attributes import read_attribute
from headworks.flags.evaluation.conditions import Test, read_condition
from headworks.flags.evaluation.details import Context, Details, Kind, kind_of
from headworks.flags.evaluation.reading import BadFlagError, Fault, Notes, Place
from headworks.flags.evaluation.splits import Split, read_shares

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:@-]{0,199}")
_KEYS = ("type", "description", "variants", "default", "enabled", "salt", "rules", "metadata")
_RULE_KEYS = ("name", "when", "variant", "split", "by")
_SWITCH: Mapping[str, Any] = {"on": True, "off": False}
_MOST_RULES, _MOST_VARIANTS, _LONGEST, _PROSE = 200, 100, 200, 2_000
_BY = "targeting_key"
Rule = tuple[Test | None, Details | Split]


class Flag:
    """A flag that can be evaluated.

    Args:
        kind: Type of its values.
        variants: Its values by name.
        answer: What every evaluation says, where none depends on its context.
        rules: Asked in order; the first whose test holds, or that has none, decides.
        otherwise: What is said where no rule does.

    Attributes:
        kind: Type of its values.
        variants: Its values by name.
    """

    __slots__ = ("_answer", "_otherwise", "_rules", "kind", "variants")

    def __init__(
        self,
        kind: Kind,
        variants: Mapping[str, Any],
        answer: Details | None,
        rules: tuple[Rule, ...],
        otherwise: Details,
    ) -> None:
        self.kind = kind
        self.variants = variants
        self._answer = answer
        self._rules = rules
        self._otherwise = otherwise

    def evaluate(self, context: Context) -> Details:
        """What this context gets. Never raises."""
        if self._answer is not None:
            return self._answer
        for test, outcome in self._rules:
            if test is None or test(context):
                return outcome.choose(context) if isinstance(outcome, Split) else outcome
        return self._otherwise


def read_flag(name: str, raw: object, *, text: bool = False) -> Flag:
    """The flag of a definition.

    Args:
        name: The flag's.
        raw: The definition, as plain JSON values.
        text: It comes from the config file, whose scalars are text.

    Raises:
        BadFlagError: It cannot be used; holds every fault with its place.
    """
    if not NAME.fullmatch(name):
        sentence = "a flag's name has 1 to 200 letters, digits and any of . _ - : @, and begins with a letter or digit"
        raise BadFlagError(name, [Fault((), sentence)])
    notes = Notes(text=text)
    flag = _Reading(name, notes.mapping(raw, (), _KEYS), notes).flag() if isinstance(raw, dict) else None
    if not isinstance(raw, dict):
        notes.mapping(raw, ())
    if flag is None or notes.faults:
        raise BadFlagError(name, notes.faults)
    return flag


class _Reading:
    """A definition while it is read."""

    def __init__(self, name: str, raw: dict[str, Any], notes: Notes) -> None:
        self._name = name
        self._raw = raw
        self._notes = notes
        self._kind = self._read_kind()
        self._variants = self._read_variants()
        self._metadata = self._read_metadata()

    def flag(self) -> Flag | None:
        raw, notes = self._raw, self._notes
        for key, most in (("salt", _LONGEST), ("description", _PROSE)):
            if key in raw:
                notes.words(raw[key], (key,), most)
        enabled = notes.truth(raw.get("enabled", "true" if notes.text else True), ("enabled",))
        default = self._variant(raw["default"], ("default",)) if raw.get("default") is not None else None
        listed = raw.get("rules")
        rules = [] if listed in (None, []) else notes.entries(listed, ("rules",), _MOST_RULES)
        read = [self._rule(rule, n) for n, rule in enumerate(rules)]
        otherwise = self._said("DEFAULT", default)
        answer = None
        if enabled is False:
            answer = Details(key=self._name, reason="DISABLED", metadata=self._metadata)
        elif not read:
            answer = otherwise if default is None else structs.replace(otherwise, reason="STATIC")
        if self._kind is None:
            return None
        return Flag(self._kind, self._variants, answer, tuple(rule for rule in read if rule is not None), otherwise)

    def _read_kind(self) -> Kind | None:
        kinds: tuple[Kind, ...] = get_args(Kind)
        kind = next((kind for kind in kinds if self._raw.get("type") == kind), None)
        if kind is None:
            given = self._raw.get("type")
            if isinstance(given, str):
                self._notes.unknown(("type",), "type", given, kinds)
            else:
                self._notes.wrong(("type",), f"is needed: one of {', '.join(kinds)}")
        return kind

    def _read_variants(self) -> Mapping[str, Any]:
        raw, notes, place = self._raw.get("variants"), self._notes, ("variants",)
        if raw is None and self._kind == "boolean":
            return _SWITCH
        found = notes.mapping(raw, place)
        if isinstance(raw, dict) and not 1 <= len(raw) <= _MOST_VARIANTS:
            notes.wrong(place, f"should name 1 to {_MOST_VARIANTS} values")
        for name in found:
            notes.words(name, (*place, name), _LONGEST)
        return {name: self._value(value, (*place, name)) for name, value in found.items()}

    def _value(self, value: object, place: Place) -> Any:
        """A value of the flag's type."""
        notes, kind = self._notes, self._kind
        if kind == "boolean":
            return notes.truth(value, place)
        if kind == "number":
            return notes.number(value, place)
        if kind == "object" and notes.text:
            return self._object(value, place)
        if kind is not None and kind_of(value) != kind:
            notes.wrong(place, f"should be of the flag's type, {kind}")
        return value

    def _object(self, value: object, place: Place) -> Any:
        """An object of the config file, where it is JSON in quotes: what its scalars are would be a guess otherwise."""
        try:
            found = msgspec.json.decode(value) if isinstance(value, str) else None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            found = None
        if not isinstance(found, dict | list):
            self._notes.wrong(place, """in the config file an object is JSON in quotes, such as '{"top_k": 5}'""")
        return found

    def _read_metadata(self) -> Mapping[str, Any]:
        raw, notes = self._raw.get("metadata"), self._notes
        if raw is None:
            return {}
        found = notes.mapping(raw, ("metadata",))
        for name, value in found.items():
            if kind_of(value) in {None, "object"}:
                notes.wrong(("metadata", name), "should be text, a number, true or false")
        return found

    def _variant(self, name: object, place: Place) -> str | None:
        if isinstance(name, str) and name in self._variants:
            return name
        if isinstance(name, str):
            self._notes.unknown(place, "variant", name, list(self._variants))
        else:
            self._notes.wrong(place, "should be the name of a variant")
        return None

    def _said(self, reason: Any, variant: str | None, rule: int | None = None) -> Details:
        value = None if variant is None else self._variants[variant]
        return Details(key=self._name, value=value, variant=variant, reason=reason, metadata=self._metadata, rule=rule)

    def _rule(self, raw: object, number: int) -> Rule | None:
        notes, place = self._notes, ("rules", number)
        rule = notes.mapping(raw, place, _RULE_KEYS)
        test = read_condition(rule["when"], (*place, "when"), notes) if "when" in rule else None
        if ("variant" in rule) == ("split" in rule):
            notes.wrong(place, "needs either a `variant` or a `split`")
            return None
        if "variant" in rule:
            if "by" in rule:
                notes.wrong((*place, "by"), "only a split is made by something")
            variant = self._variant(rule["variant"], (*place, "variant"))
            return None if variant is None else (test, self._said("TARGETING_MATCH", variant, number))
        split = self._split(rule, number)
        return None if split is None else (test, split)

    def _split(self, rule: dict[str, Any], number: int) -> Split | None:
        place = ("rules", number)
        shares = read_shares(rule["split"], (*place, "split"), self._notes, list(self._variants))
        what = rule.get("by", _BY)
        by = read_attribute(what, (*place, "by"), self._notes)
        if by is None or not shares:
            return None
        answers = [self._said("SPLIT", name, number) for name in shares]
        return Split(str(self._raw.get("salt", self._name)), by, what, list(shares.values()), answers)
