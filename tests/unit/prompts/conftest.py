"""A registry on a board in memory, and the shortest way to a rendered prompt."""

from typing import Any

import pytest

from headworks.prompts.files import read_file
from headworks.prompts.registry import Registry, Source
from headworks.prompts.templates import Compiled, Message, compile_prompt
from headworks.testing import FakeBoard, FakeClock

BOT = """---
description: Answers customers.
parameters: {temperature: 0.2, max_tokens: 300}
variables:
  name: {type: string, max_length: 40}
  vip: {type: boolean, default: false}
---
## system
You answer customers of Acme.
## user
I am {{ name }}.{% if vip %} You know me.{% endif %}
"""


class Desk:
    """What tests do with prompts."""

    def __init__(self) -> None:
        self.board = FakeBoard(FakeClock())
        self.registry = Registry(self.board, FakeClock())

    async def push(self, **files: str) -> list[str]:
        """Each file's `name@version result`."""
        sources = [Source(name=name, source=source) for name, source in files.items()]
        return [f"{done.name}@{done.version} {done.result}" for done in await self.registry.push(sources, who="ann")]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def compiled():
    def compiled(source: str) -> Compiled:
        file = read_file("p.md", source)
        return compile_prompt(file.spec, {}, "p.md", file.first_line)

    return compiled


@pytest.fixture
def rendered(compiled):
    """The messages of a template, its variables declared as `name: type`."""

    def rendered(template: str, declared: dict[str, str], **given: Any) -> list[Message]:
        front = "".join(f"  {name}: {{{kind}}}\n" for name, kind in declared.items())
        source = f"---\nvariables:\n{front}---\n{template}" if declared else template
        return compiled(source).messages(given)

    return rendered
