"""A task's template and what a request gives for its fields -> the call: fenced, and no longer than the route takes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from router.completing.completion import UNKNOWN
from router.context import privacy
from router.jobs import template
from router.jobs.template import OWN, Template
from router.types import Call, Route, Task

PARTED = "\x1e"  # divides the parts of `pieces`, the most needed first; no text that was shown to us keeps one
_DENSE = 3.0  # code points per token in dense code, as in completion.py
_SPARE = 0.9  # of the window; a chat's own marks and what the estimate misses take the rest
_FENCE = 60  # code points of a fence's two lines


def call(task: Task, route: Route, fields: Mapping[str, str], schema: str = "", characters: int = 0) -> Call:
    """The chat that asks the route's model to do a task; equal fields make equal calls.

    `characters`: no more than so many, where that is known to be read in time; never more than the window takes
    beside the answer. What does not fit is left out: the parts of `pieces`, the last first, then `around`. The rest
    stays whole, however long it is: whether a wider route takes it, is seen where its tokens are counted.
    """
    laid = template.read(task.body)
    room = min(characters or _most(task, route), _most(task, route))
    nonce = _nonce(task, fields)
    message = _message(laid, _fitted(laid, fields, room), nonce)
    return Call(route, message, system=laid.system, max_tokens=task.max_tokens, schema=schema)


def _most(task: Task, route: Route) -> int:
    """Code points that surely fit into the route's window beside the answer."""
    return int(max(0, (route.window or task.context or UNKNOWN) * _SPARE - task.max_tokens) * _DENSE)


def _fitted(laid: Template, fields: Mapping[str, str], room: int) -> dict[str, str]:
    """The fields that the message has a place for, without what there is no room for."""
    given = {name: text for name, text in fields.items() if name in laid.fields}
    parts = [it for it in given.pop("pieces", "").split(PARTED) if it]
    around = given.pop("around", "")
    rest = room - len(laid.system) - sum(map(len, laid.paragraphs)) - sum(len(it) + _FENCE for it in given.values())
    if around and len(around) + _FENCE <= rest:
        given["around"] = around
        rest -= len(around) + _FENCE
    kept: list[str] = []
    for part in parts:
        rest -= len(part) + 2 + (0 if kept else _FENCE)
        if rest < 0:
            break
        kept.append(part)
    return given | {"pieces": "\n\n".join(kept)}


def _message(laid: Template, given: Mapping[str, str], nonce: str) -> str:
    def block(name: str) -> str:
        return given[name] if name in OWN else privacy.fenced(given[name], nonce, name)

    def word(name: str) -> str:
        return given[name] if name in OWN else privacy.named(given[name])

    return laid.filled([name for name, text in given.items() if text], block, word)


def _nonce(task: Task, fields: Mapping[str, str]) -> str:
    """What no field can hold, for it is made of all of them: who writes it into one makes it another."""
    said = "\0".join((task.name, *(f"{name}\0{fields[name]}" for name in sorted(fields))))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]
