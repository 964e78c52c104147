"""What a model explains -> Markdown that is inert, and the places of the workspace that it names, each looked up."""

from __future__ import annotations

from router.answers.ground import Ground
from router.answers.thinking import without
from router.types import Prose, Refusal, Request


def prose(request: Request, said: str, ground: Ground) -> Prose | Refusal:
    """What may be shown of an explanation; a Refusal where there is none."""
    text = without(said).strip()
    return Prose(text) if text else Refusal("The model said nothing; ask again, or take a larger one.")
