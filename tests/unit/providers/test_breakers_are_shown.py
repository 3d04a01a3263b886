"""The gauge of breakers: every model of the config with every key, by number."""

from headworks.providers.breakers import breaker_text
from headworks.providers.health import Admission, Health, Lane, LocalBoard
from headworks.providers.link import Link
from headworks.testing import FakeClock

LINKS = {
    "lab": Link(name="lab", dialect="openai", base_url="http://lab", keys=("sk-first-secret", "sk-second-secret")),
    "home": Link(name="home", dialect="openai", base_url="http://home"),
}
MODELS = {("lab", "small"), ("lab", "large"), ("home", "tiny")}


class Shown:
    """What is shown of calls that end so."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.health = Health(self.clock, LocalBoard())

    def admitted(self, *lane: object) -> Admission:
        admission = self.health.admit(Lane(*lane))  # type: ignore[arg-type]
        assert admission is not None
        return admission

    def fail(self, *lane: object) -> None:
        for _ in range(5):
            self.health.failed(self.admitted(*lane))

    @property
    def text(self) -> str:
        return breaker_text(self.health.states(), LINKS, MODELS).decode()

    @property
    def not_closed(self) -> dict[str, float]:
        rows = [line.rpartition(" ") for line in self.text.splitlines() if not line.startswith("#")]
        return {labels: float(value) for labels, _, value in rows if float(value)}


def row(provider: str, model: str, key: int) -> str:
    return f'headworks_breaker_state{{key="{key}",model="{model}",provider="{provider}"}}'


def test_all_is_closed_at_first_and_no_key_is_shown() -> None:
    text = Shown().text
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        f"{row('home', 'tiny', 0)} 0.0",
        *(f"{row('lab', model, key)} 0.0" for model in ("large", "small") for key in (0, 1)),
    ]
    assert "secret" not in text


def test_a_breaker_opens_is_tried_and_closes() -> None:
    shown = Shown()
    shown.fail("lab", "small", 1)
    assert shown.not_closed == {row("lab", "small", 1): 2}
    shown.clock.advance(1.1)
    assert shown.not_closed == {row("lab", "small", 1): 1}
    for _ in range(2):
        shown.health.succeeded(shown.admitted("lab", "small", 1))
    assert shown.not_closed == {}


def test_a_dead_key_is_open_for_all_its_models() -> None:
    shown = Shown()
    shown.health.denied(shown.admitted("lab", "small", 0), whole_key=True)
    assert shown.not_closed == {row("lab", "small", 0): 2, row("lab", "large", 0): 2}


def test_a_rest_after_a_429_is_no_open_breaker() -> None:
    shown = Shown()
    shown.health.limited(shown.admitted("lab", "small", 0), 30)
    assert shown.not_closed == {}


def test_names_that_clients_make_up_are_no_labels() -> None:
    shown = Shown()
    for number in range(50):
        shown.fail("lab", f"made-up-{number}", 0)
    shown.fail("gone", "small", 0)
    assert shown.not_closed == {row("lab", "other", 0): 2}
