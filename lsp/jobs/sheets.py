"""Pages as files, for editors that show documents and have no place of their own for what a job says."""

from __future__ import annotations

import os
import sys
from hashlib import blake2b
from pathlib import Path

from router import homes

MOST = 16  # the last ones are kept, for an editor may have them open


def written(name: str, markdown: str) -> Path:
    """Write a page; where it is. Raises OSError.

    Its name goes by what it says: an editor that has an earlier page open would not look whether that has changed.
    """
    folder = Path(homes.state(os.environ, os.path.expanduser("~"), sys.platform), "pages")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{blake2b(markdown.encode('utf-8', 'replace'), digest_size=4).hexdigest()}.md"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it speaks of the user's code
    with open(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(markdown)
    _forget(folder)
    return path


def _forget(folder: Path) -> None:
    """Take away what is older than the last ones."""
    there = sorted(folder.glob("*.md"), key=lambda it: it.stat().st_mtime, reverse=True)
    for old in there[MOST:]:
        old.unlink(missing_ok=True)
