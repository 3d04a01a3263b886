r"""Part a template into messages: a line `## system`, `## user` or `## assistant` begins one.

This happens to the file, before any value is put in: a value can never begin a message. A line of a template that only
looks like a mark is written with a backslash before it (`\## user`).
"""

from difflib import get_close_matches
from typing import Literal, cast

from msgspec import Struct

from headworks.prompts.faults import PromptFileError

Role = Literal["system", "user", "assistant"]
ROLES = ("system", "user", "assistant")
_MARK = "## "
_CLOSE = 0.8


class Part(Struct, frozen=True):
    """The template of one message, and the line of the whole template on which it begins, counted from 1."""

    role: Role
    text: str
    line: int


def has_roles(template: str) -> bool:
    """Whether any line marks a role."""
    return any(_role(line) for line in template.split("\n"))


def parts(file: str, template: str, first_line: int = 1) -> list[Part]:
    """The messages of a template; without a mark, all of it is one message of the user.

    Args:
        file: For errors.
        template: With lines parted by a newline.
        first_line: Its first line in the file.

    Raises:
        PromptFileError: Text before the first mark, or a mark that is misspelt.
    """
    found: list[tuple[Role, int, list[str]]] = []
    before: list[str] = []
    for number, line in enumerate(template.split("\n"), 1):
        role = _role(line)
        if role:
            found.append((role, number + 1, []))
            continue
        _check_spelling(file, line, number + first_line - 1)
        (found[-1][2] if found else before).append(line.removeprefix("\\") if _role(line[1:]) else line)
    if not found:
        return [_part("user", 1, before)]
    if any(line.strip() for line in before):
        raise PromptFileError(file, first_line, "There is text before the first role; begin with `## system`.")
    return [_part(*one) for one in found]


def _part(role: Role, line: int, lines: list[str]) -> Part:
    """Without the empty lines around it."""
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0].strip():
        lines.pop(0)
        line += 1
    return Part(role, "\n".join(lines), line)


def _role(line: str) -> Role | None:
    word = line[len(_MARK) :].rstrip()
    return cast("Role", word) if line.startswith(_MARK) and word in ROLES else None


def _check_spelling(file: str, line: str, number: int) -> None:
    word = line[len(_MARK) :].strip()
    if not line.startswith(_MARK) or not word.islower():
        return
    close = get_close_matches(word, ROLES, n=1, cutoff=_CLOSE)
    if close:
        raise PromptFileError(
            file, number, f"`## {word}` is no role; write `## {close[0]}`, or `\\## {word}` if it is text."
        )
