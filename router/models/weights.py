"""What tells a model from all others: two routes to the same weights share one set of options, whatever is asked."""

from __future__ import annotations

from typing import TypeAlias

from router.models.types import Model
from router.types import Route

Weights: TypeAlias = "tuple[str, str]"  # engine and model


def weights(it: Model | Route) -> Weights:
    """The engine and the name that it has there."""
    return it.runtime, it.name if isinstance(it, Model) else it.model
