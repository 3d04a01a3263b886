"""Show a config without its secrets.

References (`${NAME}`, `file:PATH`) say where a secret is, not what it is, and stay.
"""

import re
from typing import Any

MASK = "***"
_SECRET_NAME = re.compile(
    r"(.*_)?keys?|.*apikeys?|.*(secret|password|passwd|token|pepper|credential|authorization).*", re.DOTALL
)
_REFERENCE = re.compile(r"\$\{[^}]*\}|file:.*|none|\*+", re.DOTALL)
_URL_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*(?=@)")
# Never secrets, though their names say token or key.
_HARMLESS = re.compile(r"(max|min|context|input|output|total)_tokens?|tokens")


def masked(value: Any, name: str = "") -> Any:
    """A copy of a JSON value with every secret replaced by `***`.

    Args:
        value: What to show.
        name: The key it stands under.
    """
    if isinstance(value, dict):
        return {key: masked(inner, str(key).lower().replace("-", "_")) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    if _SECRET_NAME.fullmatch(name) and not _HARMLESS.fullmatch(name) and not _REFERENCE.fullmatch(value):
        return MASK
    return _URL_PASSWORD.sub(rf"\1:{MASK}", value)
