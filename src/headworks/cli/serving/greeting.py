"""What `headworks serve` says when it is up: where it listens, new keys, and a first question to paste."""

import sys
from typing import Any

from msgspec import Struct
from rich.console import Console

from headworks.cli.output import json_text
from headworks.identity import KeyRing, KeySpec

# Without the system message the small local model often repeats the question.
QUESTION: dict[str, Any] = {
    "model": "auto",
    "messages": [
        {"role": "system", "content": "Answer in one short sentence."},
        {"role": "user", "content": "What is the capital of France?"},
    ],
}


class Greeting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is told once.

    Attributes:
        url: Where the gateway listens; None when it could not be started.
        admin_key: The admin key, when this start made it.
        key: The first virtual key, when this start made it.
    """

    url: str | None = None
    admin_key: str | None = None
    key: str | None = None

    def tell(self, *, as_json: bool) -> None:
        """Print it, as one JSON object or for a person."""
        if as_json:
            print(json_text(self), flush=True)
            return
        console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        if self.url:
            console.print(f"\nHeadworks listens on [bold]{self.url}[/bold]")
        if self.admin_key:
            console.print(f"Admin key, shown this once: [bold]{self.admin_key}[/bold]")
        if self.key:
            console.print(f"A first key for your applications, shown this once: [bold]{self.key}[/bold]")
        else:
            console.print("Keys for applications: headworks keys create NAME --org ORG")
        if self.url:
            console.print(f"\n  {self._curl()}\n", markup=False)

    def _curl(self) -> str:
        key = self.key or "$HEADWORKS_API_KEY"
        return f"curl {self.url}/v1/chat/completions -H \"authorization: Bearer {key}\" -d '{json_text(QUESTION)}'"


def greeting(keys: KeyRing, address: tuple[str, int], admin_key: str | None) -> Greeting:
    """What to tell of a gateway that listens on `address`; a ring without a key gets its first one.

    Raises:
        StoreError: The key store cannot be used.
    """
    host, port = address
    key = None if keys.list(limit=1) else keys.create(KeySpec(name="first", org="default"), actor="first start").key
    return Greeting(url=f"http://{f'[{host}]' if ':' in host else host}:{port}", admin_key=admin_key, key=key)
