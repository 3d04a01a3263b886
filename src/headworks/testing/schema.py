"""The smallest value that fits a JSON Schema, for forced tools and structured output.

Knows what schemas of tools and answers use (types, enum, const, $ref, anyOf, required, lengths, bounds), not all of
JSON Schema: patterns and formats are not solved.
"""

from typing import Any

import msgspec

_DEPTH = 32


def json_text(value: Any) -> str:
    """`value` as compact JSON."""
    return msgspec.json.encode(value).decode()


def minimal(schema: dict[str, Any]) -> Any:
    """The smallest instance of `schema`; an object without a stated type is an empty one."""
    return _minimal(schema, schema, _DEPTH)


def _minimal(schema: Any, root: dict[str, Any], depth: int) -> Any:
    if not isinstance(schema, dict) or depth == 0:
        return {}
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if isinstance(schema.get("$ref"), str):
        return _minimal(_referred(schema["$ref"], root), root, depth - 1)
    for union in ("anyOf", "oneOf", "allOf"):
        if schema.get(union):
            return _minimal(schema[union][0], root, depth - 1)
    return _of_type(_type(schema), schema, root, depth)


def _type(schema: dict[str, Any]) -> str:
    """The schema's (first) type in lower case: one provider writes `OBJECT`."""
    kind = schema.get("type", "object")
    return str(kind[0] if isinstance(kind, list) and kind else kind).lower()


def _of_type(kind: str, schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    match kind:
        case "string":
            return "a" * max(1, int(schema.get("minLength", 1)))
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case "null":
            return None
        case "array":
            return [_minimal(schema.get("items"), root, depth - 1) for _ in range(int(schema.get("minItems", 0)))]
        case _:
            properties = schema.get("properties", {})
            return {name: _minimal(properties.get(name), root, depth - 1) for name in schema.get("required", [])}


def _number(schema: dict[str, Any]) -> int:
    """The least whole number at or above the stated bounds, else the greatest below them, else 0."""
    if "minimum" in schema:
        return -int(-schema["minimum"] // 1)
    if "exclusiveMinimum" in schema:
        return int(schema["exclusiveMinimum"] // 1) + 1
    return min(0, int(schema.get("maximum", 0) // 1), -int(-schema.get("exclusiveMaximum", 1) // 1) - 1)


def _referred(reference: str, root: dict[str, Any]) -> Any:
    """What `#/a/b` points at in `root`; an empty schema when it points nowhere."""
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else []:
        found = found.get(step, {}) if isinstance(found, dict) else {}
    return found
