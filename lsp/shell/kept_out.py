"""The source files of a workspace: those that may be shown, and those that are kept out of prompts, with what does."""

from __future__ import annotations

from pathlib import Path

from router import SwitchyardError
from router.context import privacy
from router.context.gating.ignored import Ignored
from router.context.indexing.admission import admission
from router.context.indexing.index import wide
from router.context.indexing.listing import listed, slashed


def listing(root: Path, patterns: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """Absolute paths with slashes, and by path what keeps a file out, as in ".aiignore:3 (`secret/`)".

    What git ignores is in neither. Raises SwitchyardError: the folder can't be read, or is too wide to be a workspace.
    """
    if wide(str(root)):
        raise SwitchyardError(f"{root} is too wide to be a workspace; go to the folder of your program first.")
    home, out = slashed(str(root)), dict[str, str]()
    ignored = Ignored([home])
    allowed = admission([home], patterns, ignored)

    def admits(path: str) -> bool:
        admitted = allowed(path)
        if not admitted:
            out[path] = privacy.reason(path, "", patterns, ignored.reason) or "what it leads to"
        return admitted

    try:
        return list(listed(home, admits).files), out
    except OSError as error:
        raise SwitchyardError(f"{root} can't be read: {error.strerror}.") from error
