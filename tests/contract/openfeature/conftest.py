"""The SDK of OpenFeature with Headworks' provider in it, and the flags that the specification's scenarios ask for.

The flags are those of specification/assets/gherkin/test-flags.json of https://github.com/open-feature/spec (Apache-2.0,
read 2026-11-24), defined as Headworks defines flags.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient

from headworks.flags.evaluation import Flags
from headworks.flags.openfeature.provider import HeadworksProvider

PICTURES = {"showImages": True, "title": "Check out these pics!", "imagesPerPage": 100}
_EMAIL = {"attribute": "context.email", "equals": "ballmer@macrosoft.com"}
_ZERO = {"when": _EMAIL, "variant": "zero"}


def _flag(kind: str, default: str, **variants: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "variants": {name.replace("_", "-"): value for name, value in variants.items()},
        "default": default,
    }


def _zeros(kind: str, zero: Any, non_zero: Any) -> dict[str, Any]:
    return _flag(kind, "zero", zero=zero, non_zero=non_zero)


DEFINITIONS: dict[str, Any] = {
    "boolean-flag": _flag("boolean", "on", on=True, off=False),
    "string-flag": _flag("string", "greeting", greeting="hi", parting="bye"),
    "integer-flag": _flag("number", "ten", one=1, ten=10),
    "float-flag": _flag("number", "half", tenth=0.1, half=0.5),
    "object-flag": _flag("object", "template", empty={}, template=PICTURES),
    "wrong-flag": _flag("string", "one", one="uno", two="dos"),
    "boolean-zero-flag": _zeros("boolean", zero=False, non_zero=True),
    "string-zero-flag": _zeros("string", zero="", non_zero="str"),
    "integer-zero-flag": _zeros("number", zero=0, non_zero=1),
    "float-zero-flag": _zeros("number", zero=0.0, non_zero=1.0),
    "object-zero-flag": _zeros("object", zero={}, non_zero=PICTURES),
    "boolean-targeted-zero-flag": {**_zeros("boolean", zero=False, non_zero=True), "rules": [_ZERO]},
    "string-targeted-zero-flag": {**_zeros("string", zero="", non_zero="str"), "rules": [_ZERO]},
    "integer-targeted-zero-flag": {**_zeros("number", zero=0, non_zero=1), "rules": [_ZERO]},
    "float-targeted-zero-flag": {**_zeros("number", zero=0.0, non_zero=1.0), "rules": [_ZERO]},
    "object-targeted-zero-flag": {**_zeros("object", zero={}, non_zero=PICTURES), "rules": [_ZERO]},
    "boolean-disabled-flag": {**_flag("boolean", "on", on=True, off=False), "enabled": False},
    "string-disabled-flag": {**_flag("string", "greeting", greeting="hi"), "enabled": False},
    "context-aware": {
        **_flag("string", "external", internal="INTERNAL", external="EXTERNAL"),
        "rules": [{"when": {"attribute": "context.customer", "in": [False, "false"]}, "variant": "internal"}],
    },
    "metadata-flag": {
        **_flag("boolean", "on", on=True, off=False),
        "metadata": {"string": "1.0.2", "integer": 2, "float": 0.1, "boolean": True},
    },
}


@pytest.fixture
def flags() -> Flags:
    found = Flags()
    found.fit(DEFINITIONS, text=False)
    return found


@pytest.fixture
def client(flags: Flags) -> Iterator[OpenFeatureClient]:
    """The background of every scenario: a stable provider."""
    api.set_provider_and_wait(HeadworksProvider(flags))
    yield api.get_client()
    api.shutdown()
