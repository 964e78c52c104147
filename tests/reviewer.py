"""What the scripted engine says as a reviewer: the findings in what it is shown, and that each of them holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence


def script(finds: Mapping[str, Sequence[Mapping[str, object]]], change: str = "") -> str:
    """By what a prompt holds, the findings of it; elsewhere there is none. `change` is what a change does."""
    said = {"The claim:": json.dumps({"fails": "an empty list"}), "The change:": change}
    said |= {held: json.dumps({"findings": list(found)}) for held, found in finds.items()}
    cues = [f"[[cue]]\nholds = {json.dumps(held)}\nsay = [{json.dumps(what)}]\n" for held, what in said.items() if what]
    return "".join([*cues, "[[cue]]\nsay = ['{\"findings\": []}']\n"])
