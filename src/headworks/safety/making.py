"""Makes the policy of a feature from its settings."""

import hashlib
from collections.abc import Iterator

import msgspec

from headworks.core.people.patterns import compiled
from headworks.safety.checks.detector import Detector
from headworks.safety.checks.encoding import Encoding
from headworks.safety.checks.injected import Injection
from headworks.safety.checks.links import Links
from headworks.safety.checks.patterns import Patterns
from headworks.safety.checks.personal import PersonalData
from headworks.safety.checks.secrets import Secrets
from headworks.safety.checks.toxicity import TOXIC
from headworks.safety.checks.words import Words
from headworks.safety.config import BothSettings, CheckSettings, OutsideSettings, SafetySettings
from headworks.safety.injection import scorer
from headworks.safety.policy import EVERYBODY, OUTSIDE, RETRIEVED, USERS, Also, Check, Leak, Origin, Outside, Policy
from headworks.safety.verdicts import Action, Side

EDITION = "1"
"""Of the detectors; to be raised whenever they find something else than before."""
_SIDES: dict[str, frozenset[Side]] = {
    "ask": frozenset({"ask"}),
    "answer": frozenset({"answer"}),
    "both": frozenset({"ask", "answer"}),
}


def policy(settings: SafetySettings) -> Policy | None:
    """The policy; None when nothing is to be done."""
    ask, answer = tuple(_before(settings)), tuple(_after(settings))
    outside = tuple(_outside(name, one, settings) for name, one in settings.outside.items() if one.action != "allow")
    leak = None
    if settings.leakage is not None and settings.leakage.action != "allow":
        own = settings.leakage
        leak = Leak(
            action=own.action,
            words=own.words,
            canary=own.canary,
            shadow=own.shadow or settings.shadow,
            open=own.on_error == "open",
            replacement=own.replacement,
        )
    if not (ask or answer or outside or leak or settings.size):
        return None
    also = None
    if settings.pii is not None and settings.pii.also:
        own_check = next((check for check in ask if check.name == "pii"), None)
        if own_check is not None:
            also = Also(check=own_check, names=settings.pii.also, deadline_s=settings.pii.also_deadline_s)
    return Policy(
        version=version(settings),
        ask=ask,
        answer=answer,
        outside=outside,
        also=also,
        leak=leak,
        max_characters=settings.size.max_characters if settings.size else None,
        allow=frozenset(text.casefold() for text in settings.allow),
        allow_patterns=tuple(compiled(pattern) for pattern in settings.allow_patterns),
    )


def version(settings: SafetySettings) -> str:
    """What stands for the policy in cache keys: a hash of the settings, the detectors' edition and their weights."""
    weights = msgspec.json.encode(scorer().head) if settings.injection or settings.retrieved else b""
    said = settings.model_dump_json(exclude_defaults=True).encode()
    return hashlib.sha256(b"\n".join((EDITION.encode(), weights, said))).hexdigest()[:12]


def _before(settings: SafetySettings) -> Iterator[Check]:
    """Checks of the ask, those that refuse for the least cost first."""
    if (encoding := settings.encoding) is not None:
        yield from _check("encoding", encoding, Encoding(), settings, OUTSIDE)
    if (injection := settings.injection) is not None:
        yield from _check("injection", injection, Injection(injection.threshold), settings, USERS)
    if (retrieved := settings.retrieved) is not None:
        yield from _check("retrieved", retrieved, Injection(retrieved.threshold), settings, RETRIEVED)
    for name, own, detector in _shared(settings):
        everybody = name in ("secrets", "pii")
        yield from _check(name, own, detector, settings, EVERYBODY if everybody else OUTSIDE)


def _after(settings: SafetySettings) -> Iterator[Check]:
    for name, own, detector in _shared(settings):
        yield from _check(name, own, detector, settings, EVERYBODY, own.answer)
    if (toxicity := settings.toxicity) is not None:
        lists = {"TOXIC": toxicity.list} if toxicity.list else TOXIC
        yield from _check("toxicity", toxicity, Words(lists), settings, EVERYBODY, toxicity.answer)
    if (links := settings.links) is not None:
        hosts = frozenset(host.lower() for host in links.allow_hosts)
        yield from _check("links", links, Links(hosts, only_allowed=links.only_allowed), settings, EVERYBODY)


def _shared(settings: SafetySettings) -> Iterator[tuple[str, BothSettings, Detector]]:
    """Checks that both sides have."""
    if settings.secrets is not None:
        yield "secrets", settings.secrets, Secrets()
    if settings.pii is not None:
        yield "pii", settings.pii, PersonalData(frozenset(settings.pii.kinds))
    if settings.words is not None:
        yield "words", settings.words, Words({"WORD": settings.words.list})
    if settings.topics is not None:
        yield "topics", settings.topics, Words(settings.topics.topics)
    for name, own in settings.patterns.items():
        yield f"patterns.{name}", own, Patterns({name: own.pattern}, own.max_characters)


def _check(
    name: str,
    own: CheckSettings,
    detector: Detector,
    settings: SafetySettings,
    origins: frozenset[Origin],
    action: Action | None = None,
) -> Iterator[Check]:
    action = action or own.action
    if action != "allow":
        yield Check(
            name=name,
            detector=detector,
            action=action,
            origins=origins,
            shadow=own.shadow or settings.shadow,
            open=own.on_error == "open",
            reversible=name == "pii",
            replacement=own.replacement,
        )


def _outside(name: str, own: OutsideSettings, settings: SafetySettings) -> Outside:
    return Outside(
        name=name,
        action=own.action,
        sides=_SIDES[own.side],
        threshold=own.threshold,
        deadline_s=own.deadline_s,
        open=own.on_error == "open",
        shadow=own.shadow or settings.shadow,
        window=own.window_characters,
    )
