"""What must hold between the parts of a config: every name that is used exists, and no chain of fallbacks is endless.

Works on the plain values, so that it finds its problems beside those of wrong types. Error texts quote a name as the
file has it, never what a `${NAME}` stands for.
"""

from difflib import get_close_matches
from fnmatch import fnmatchcase

from headworks.config.tree import Path, Tree, Value
from headworks.providers.catalog import rows
from headworks.routing.router import DEFAULT


def check_references(tree: Tree) -> None:
    """Note every broken reference of `tree` as a problem."""
    _Check(tree).all()


class _Check:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._providers = _mapping(tree.value.get("providers"))
        self._models = _mapping(tree.value.get("models"))
        self._features = _mapping(tree.value.get("features"))
        self._named = "models" in tree.value

    def all(self) -> None:
        """Every check, in the order of the file's sections."""
        if self._named and not self._models:
            self._tree.report(("models",), "no model is named here; leave `models` out to reach every model")
        for name, model in self._models.items():
            self._model(name, _mapping(model))
        self._cycles()
        for name, feature in self._features.items():
            self._feature(name, _mapping(feature))
        limits = _mapping(self._tree.value.get("budgets")).get("limits")
        for index, limit in enumerate(limits if isinstance(limits, list) else []):
            self._limit(index, _mapping(limit))
        self._alerts(_mapping(self._tree.value.get("alerts")))

    def _limit(self, index: int, limit: dict[str, Value]) -> None:
        """A limit of a feature or model that is not there would never stop anything."""
        path: Path = ("budgets", "limits", index, "name")
        scope, name = limit.get("scope"), limit.get("name")
        if not isinstance(name, str):
            return
        if scope == "feature" and name not in self._features and name != DEFAULT:
            self._unknown(path, "feature", self._features)
        elif scope == "model":
            self._served(path, name)
        elif scope == "tag" and "=" not in name:
            self._tree.report(path, f"a tag is written `name=value`, not `{self._tree.source(path)}`")

    def _alerts(self, alerts: dict[str, Value]) -> None:
        """A promise of a feature that is not there would never be looked at."""
        for section in ("limits", "cache_target"):
            for name in _mapping(alerts.get(section)):
                if name not in self._features and name != DEFAULT:
                    close = get_close_matches(name, self._features, n=1)
                    self._tree.report(
                        ("alerts", section, name),
                        f"no feature is called `{name}`",
                        suggestion=close[0] if close else None,
                        at_key=True,
                    )

    def _model(self, name: str, model: dict[str, Value]) -> None:
        if name in self._features:
            self._tree.report(
                ("models", name), "a feature has the same name; traces could not tell them apart", at_key=True
            )
        provider = model.get("provider")
        if isinstance(provider, str) and provider not in self._providers:
            self._unknown(("models", name, "provider"), "provider", self._providers)
        fallbacks = model.get("fallbacks")
        for index, fallback in enumerate(fallbacks if isinstance(fallbacks, list) else []):
            if isinstance(fallback, str) and fallback not in self._models:
                self._unknown(("models", name, "fallbacks", index), "model", self._models)

    def _feature(self, name: str, feature: dict[str, Value]) -> None:
        self._served(("features", name, "model"), feature.get("model"))
        semantic = _mapping(_mapping(feature.get("cache")).get("semantic"))
        self._served(("features", name, "cache", "semantic", "judge"), semantic.get("judge"))
        ladder = feature.get("degrade")
        for index, rung in enumerate(ladder if isinstance(ladder, list) else []):
            self._served(("features", name, "degrade", index, "model"), _mapping(rung).get("model"))

    def _served(self, path: Path, model: Value) -> None:
        """Note a model that nobody serves."""
        if not isinstance(model, str):
            return
        if self._named:
            if model not in self._models:
                self._unknown(path, "model", self._models)
        elif not any(model.startswith(f"{provider}/") for provider in self._providers) and not self._pattern(model):
            self._tree.report(path, f"no provider of this file has the model `{self._tree.source(path)}`")

    def _pattern(self, model: str) -> bool:
        used = [rows().get(str(_mapping(provider).get("catalog"))) for provider in self._providers.values()]
        return any(fnmatchcase(model, pattern) for row in used if row for pattern in row.patterns)

    def _unknown(self, path: Path, kind: str, known: dict[str, Value]) -> None:
        name = self._tree.source(path)
        close = get_close_matches(name, known, n=1)
        advice = "" if known else f"; there is no {kind} at all under `{kind}s`"
        self._tree.report(path, f"no {kind} is called `{name}`{advice}", suggestion=close[0] if close else None)

    def _cycles(self) -> None:
        """Note each circle of fallbacks once, at the reference that closes it."""
        done: set[str] = set()
        for start in self._models:
            trail: list[str] = []
            stack = [(start, iter(self._fallbacks(start)))]
            trail.append(start)
            while stack:
                name, rest = stack[-1]
                step = next(rest, None)
                if step is None:
                    stack.pop()
                    trail.pop()
                    done.add(name)
                    continue
                index, fallback = step
                if fallback in trail:
                    circle = " -> ".join([*trail[trail.index(fallback) :], fallback])
                    self._tree.report(("models", name, "fallbacks", index), f"these fallbacks go in a circle: {circle}")
                elif fallback not in done and fallback in self._models:
                    trail.append(fallback)
                    stack.append((fallback, iter(self._fallbacks(fallback))))

    def _fallbacks(self, name: str) -> list[tuple[int, str]]:
        listed = _mapping(self._models.get(name)).get("fallbacks")
        found = enumerate(listed if isinstance(listed, list) else [])
        return [(index, fallback) for index, fallback in found if isinstance(fallback, str)]


def _mapping(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}
