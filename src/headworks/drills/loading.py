"""Read scenarios: a file of your own, or one that is shipped. Everything wrong is said at once, with file and line."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from headworks.config import Config, ConfigError, Problem, load
from headworks.config.checks import check_references
from headworks.config.complaints import report_complaints
from headworks.config.secrets import Secrets
from headworks.config.tree import MAX_BYTES, Tree, read_tree
from headworks.drills.scenario import Scenario

SHIPPED = Path(__file__).parent / "scenarios"
USUAL_CONFIG = Path(__file__).parent / "two_providers.yaml"
ALL = "all"


class AnySecret(dict[str, str]):
    """An environment that lacks nothing: keys are replaced by those of the fakes, so any value will do for one."""

    def get(self, name: str, default: str | None = None) -> str:  # type: ignore[override]  # never None
        """The variable, or a word in its place."""
        return super().get(name) or default or "drill"


def shipped() -> list[Scenario]:
    """Every shipped scenario, in the order of their names."""
    return [read_scenario(path, {}) for path in sorted(SHIPPED.glob("*.yaml"))]


def find_scenarios(names: Sequence[str], environ: Mapping[str, str]) -> list[Scenario]:
    """The scenarios of names, files, or `all` (every shipped one that is not long).

    Raises:
        ConfigError: A file has problems, there is neither file nor scenario of a name, or nothing is named.
    """
    if not names:
        raise _unknown("drill", f"name a scenario, a file, or `{ALL}`; `headworks drill list` lists what is shipped")
    found: list[Scenario] = []
    for name in names:
        if name == ALL:
            found += [scenario for scenario in shipped() if not scenario.long]
        else:
            found.append(read_scenario(_place(name), environ))
    return found


def _place(name: str) -> Path:
    path = SHIPPED / f"{name}.yaml"
    if path.parent == SHIPPED and path.is_file():
        return path
    if Path(name).is_file():
        return Path(name)
    known = [path.stem for path in SHIPPED.glob("*.yaml")]
    close = get_close_matches(name, [*known, ALL], n=1)
    message = "there is no such file, and no shipped scenario of this name (`headworks drill list`)"
    raise _unknown(name, message, close[0] if close else None)


def _unknown(name: str, message: str, suggestion: str | None = None) -> ConfigError:
    return ConfigError([Problem(file=name, line=0, column=0, path="", message=message, suggestion=suggestion)])


def read_scenario(path: Path, environ: Mapping[str, str]) -> Scenario:
    """The scenario of a file.

    Args:
        path: The file. Relative paths in it begin at its folder.
        environ: Where `${NAME}` is looked up; a variable that is not set is given a word.

    Raises:
        ConfigError: With every problem of the file at once.
    """
    variables = AnySecret(environ)
    tree = read_tree(str(path), _text(path), Secrets(variables, path.parent).replace)
    config = tree.value.get("config")
    if isinstance(config, str):
        tree.value["config"] = read_config(path.parent / config, environ)  # type: ignore[assignment]  # ready made
    elif isinstance(config, dict):
        check_references(_below(tree, "config"))
    try:
        scenario = Scenario.model_validate(tree.value)
    except ValidationError as error:
        report_complaints(tree, error.errors(include_url=False, include_input=False), Scenario)
        raise _problems(tree) from error
    if tree.problems:
        raise _problems(tree)
    return scenario if scenario.name else scenario.model_copy(update={"name": _named(path)})


def read_config(path: Path, environ: Mapping[str, str]) -> Config:
    """A gateway's config for a drill: secrets that are not at hand do not matter.

    Raises:
        ConfigError: With every problem of the file.
    """
    return load(path, AnySecret(environ))


def usual_config() -> Config:
    """The config of scenarios that bring none: two providers, one fallback, and defaults."""
    return read_config(USUAL_CONFIG, {})


def _below(tree: Tree, key: str) -> Tree:
    """The part of a tree under one of its keys. Problems are noted on the whole."""
    value = tree.value[key]
    places = {path[1:]: place for path, place in tree.places.items() if path[:1] == (key,)}
    return Tree(file=tree.file, value=value if isinstance(value, dict) else {}, places=places, problems=tree.problems)


def _problems(tree: Tree) -> ConfigError:
    return ConfigError(sorted(set(tree.problems), key=lambda problem: (problem.line, problem.column, problem.path)))


def _named(path: Path) -> str:
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in path.stem.lower())
    return name.strip("-") or "scenario"


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()[: MAX_BYTES + 1]
        return content.decode("utf-8-sig")
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        reason = "is not UTF-8 text"
    raise _unknown(str(path), reason)
