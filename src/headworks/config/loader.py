"""Load a config file: read, fill in, check everything, and only then say yes or list all that is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from headworks.config.checks import check_references
from headworks.config.complaints import report_complaints
from headworks.config.problems import ConfigError, Problem
from headworks.config.secrets import Secrets
from headworks.config.settings import Config
from headworks.config.tree import MAX_BYTES, Tree, read_tree


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """The config of a file.

    Args:
        path: The YAML file. Relative paths in it begin at its folder.
        environ: Where `${NAME}` is looked up.

    Raises:
        ConfigError: With every problem of the file at once, in the order of its lines.
    """
    file = str(path)
    secrets = Secrets(environ, path.parent)
    tree = read_tree(file, _text(path), secrets.replace)
    config = _validate(tree)
    check_references(tree)
    if tree.problems or config is None:
        raise ConfigError(_masked(tree.problems, secrets))
    return config.model_copy(update=_absolute(config, path.parent))


def _validate(tree: Tree) -> Config | None:
    try:
        return Config.model_validate(tree.value)
    except ValidationError as error:
        report_complaints(tree, error.errors(include_url=False, include_input=False))
        return None


def _absolute(config: Config, folder: Path) -> dict[str, Any]:
    return {"data_dir": folder / config.data_dir.expanduser()}


def _masked(problems: list[Problem], secrets: Secrets) -> list[Problem]:
    ordered = sorted(set(problems), key=lambda problem: (problem.line, problem.column, problem.path, problem.message))
    return [
        Problem(
            file=problem.file,
            line=problem.line,
            column=problem.column,
            path=secrets.mask(problem.path),
            message=secrets.mask(problem.message),
            suggestion=problem.suggestion,
        )
        for problem in ordered
    ]


def _text(path: Path) -> str:
    file = str(path)
    try:
        with path.open("rb") as source:
            content = source.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise _unreadable(file, f"cannot be read: {reason}; `headworks init` writes one to begin with") from error
    if len(content) > MAX_BYTES:
        raise _unreadable(file, f"has more than {MAX_BYTES} bytes: that is no config")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(file, "is not UTF-8 text", line=line) from error


def _unreadable(file: str, message: str, *, line: int = 0) -> ConfigError:
    return ConfigError([Problem(file=file, line=line, column=1 if line else 0, path="", message=message)])
