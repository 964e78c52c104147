"""Runs one step: `python -m bench.tiny STEP [--help]`; each goes on where it was left."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

STEPS = ("collect", "tokenizer", "pack", "probe", "train", "split", "join", "export", "evaluate", "ship")


def main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] not in STEPS:
        print(f"python -m bench.tiny STEP, where STEP is one of {', '.join(STEPS)}; see docs/tiny.md.", file=sys.stderr)
        return 2
    step = "parts" if arguments[0] in ("split", "join") else arguments[0]
    run = importlib.import_module(f"bench.tiny.{step}").main
    code: int = run(arguments if step == "parts" else arguments[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
