"""What is wrong with a config, where, and what to write instead."""

from msgspec import Struct

from headworks.core.errors import HeadworksError


class Problem(Struct, frozen=True, kw_only=True):
    """One thing to mend.

    Attributes:
        file: The file as it was named; `environment` when there is none.
        line: Counted from 1; 0 where there is no place.
        column: Counted from 1; 0 where there is no place.
        path: The key, with dots: `models.fast.provider`. Empty for the file as a whole.
        message: The sentence. Never holds a secret.
        suggestion: What was probably meant; None when nothing is close.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        """`file:line:column: path: message (did you mean ...?)`, as editors and compilers write it."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        subject = f"{self.path}: " if self.path else ""
        hint = f" (did you mean `{self.suggestion}`?)" if self.suggestion else ""
        return f"{place}: {subject}{self.message}{hint}"


class ConfigError(HeadworksError):
    """The config cannot be used. Holds every problem, in the order of the file.

    Args:
        problems: At least one.
    """

    default_code = "invalid_config"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
