"""The rules of SARIF 2.1.0 that a log of ours has to keep, as a JSON schema by hand, and what holds a log against it.

Written from the OASIS standard of 2020; of its many properties those that we use, and nothing may stand beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TEXT: Any = {"type": "string"}
LINE: Any = {"type": "integer", "minimum": 1}
LEVEL: Any = {"type": "string", "enum": ["none", "note", "warning", "error"]}


def table(properties: dict[str, Any], *required: str) -> Any:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def listed(item: Any, least: int = 0) -> Any:
    return {"type": "array", "items": item, "minItems": least}


MESSAGE = table({"text": TEXT, "markdown": TEXT, "id": TEXT}, "text")
ARTIFACT = table({"uri": {"type": "string", "pattern": r"^[A-Za-z0-9/._~%-]+$"}, "uriBaseId": TEXT})
REGION = table(
    {"startLine": LINE, "startColumn": LINE, "endLine": LINE, "endColumn": LINE, "snippet": table({"text": TEXT})}
)
LOCATION = table({"physicalLocation": table({"artifactLocation": ARTIFACT, "region": REGION}, "artifactLocation")})
REPLACEMENT = table({"deletedRegion": REGION, "insertedContent": table({"text": TEXT})}, "deletedRegion")
CHANGE = table(
    {"artifactLocation": ARTIFACT, "replacements": listed(REPLACEMENT, 1)}, "artifactLocation", "replacements"
)
RESULT = table(
    {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": listed(LOCATION),
        "partialFingerprints": {"type": "object"},
        "fixes": listed(table({"description": MESSAGE, "artifactChanges": listed(CHANGE, 1)}, "artifactChanges")),
    },
    "message",
)
RULE = table(
    {
        "id": TEXT,
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
        "defaultConfiguration": table({"level": LEVEL}),
    },
    "id",
)
NOTE = table({"level": LEVEL, "message": MESSAGE, "locations": listed(LOCATION)}, "message")
RUN = table(
    {
        "tool": table({"driver": table({"name": TEXT, "rules": listed(RULE)}, "name")}, "driver"),
        "columnKind": {"type": "string", "enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": listed(RESULT),
        "invocations": listed(
            table(
                {"executionSuccessful": {"type": "boolean"}, "toolExecutionNotifications": listed(NOTE)},
                "executionSuccessful",
            )
        ),
    },
    "tool",
)
LOG = table({"$schema": TEXT, "version": {"type": "string", "enum": ["2.1.0"]}, "runs": listed(RUN)}, "version", "runs")

_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def faults(value: Any, schema: Any = LOG, at: str = "$") -> Iterator[str]:
    """Where a value breaks a rule, and which."""
    if not isinstance(value, _TYPES[schema["type"]]):
        yield f"{at} is no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at} does not look right"
    if value < schema["minimum"] if "minimum" in schema else False:
        yield f"{at} is too small"
    if isinstance(value, dict) and "properties" in schema:
        yield from (f"{at}.{name} is missing" for name in schema["required"] if name not in value)
        yield from (f"{at}.{name} is unknown" for name in value if name not in schema["properties"])
        for name in value.keys() & schema["properties"].keys():
            yield from faults(value[name], schema["properties"][name], f"{at}.{name}")
    if isinstance(value, list):
        yield from [f"{at} has too few"] * (len(value) < schema["minItems"])
        for number, item in enumerate(value):
            yield from faults(item, schema["items"], f"{at}[{number}]")
