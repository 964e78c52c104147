"""What a model explains -> Markdown that is inert, and the places of the workspace that it names, each looked up."""

from __future__ import annotations

from router.answers.ground import Ground, Known
from router.answers.inert import inert
from router.answers.mentions import mentions
from router.answers.thinking import without
from router.context import privacy
from router.context.lines import Lines
from router.types import Prose, Refusal, Request

_GIVEN = ("code", "around", "pieces", "diagnostics", "note", "diff")  # fields that may name files


def prose(request: Request, said: str, ground: Ground) -> Prose | Refusal:
    """What may be shown of an explanation; a Refusal where there is none."""
    text = inert(without(said)).strip()
    if not text:
        return Refusal("The model said nothing that could be shown; ask again, or take a larger one.")
    if privacy.hidden(text, request.document.text):
        return Refusal("The answer speaks of a secret that was hidden from the model; it is not shown.")
    if not ground.whole:
        text += "\n\n*Here the answer was broken off: it became too long, or repeated itself.*"
    own = Known(request.document.path, Lines(request.document.text).last + 1)

    def exists(name: str) -> Known | None:
        given = any(name in ground.fields.get(field, "") for field in _GIVEN)
        return ground.exists(name) or (Known() if given else None)

    return Prose(text, mentions(text, own, exists))
