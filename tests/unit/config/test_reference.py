"""The reference pages know every setting and every command."""

import re
from pathlib import Path

from headworks.cli.commands import COMMANDS, GROUPS
from headworks.config import schema

DOCS = Path(__file__).parents[3] / "docs" / "reference"


def test_the_config_page_names_every_key():
    text = (DOCS / "config.md").read_text(encoding="utf-8")
    keys = {key for model in [schema(), *schema()["$defs"].values()] for key in model.get("properties", {})}
    assert {key for key in keys if f"`{key}`" not in text} == set()


def test_the_command_page_names_every_command():
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    names = [*COMMANDS, *(f"{group} {name}" for group, (_, commands) in GROUPS.items() for name in commands)]
    assert [name for name in names if not re.search(rf"`headworks {name}\b", text)] == []
