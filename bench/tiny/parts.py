"""Steps `split` and `join`: a file as numbered parts that are small enough to travel, and back, checked by its hash."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

PART = 16_000_000  # bytes


def split(file: Path, out: Path, size: int = PART) -> list[Path]:
    """Write `file` as NAME.00, NAME.01 ... into `out`, and NAME.parts.json, which says what they make together."""
    out.mkdir(parents=True, exist_ok=True)
    whole = file.read_bytes()
    parts = []
    for number, at in enumerate(range(0, len(whole), size)):
        parts.append(out / f"{file.name}.{number:02}")
        parts[-1].write_bytes(whole[at : at + size])
    said = {"name": file.name, "parts": len(parts), "sha256": hashlib.sha256(whole).hexdigest()}
    (out / f"{file.name}.parts.json").write_text(json.dumps(said) + "\n")
    return parts


def join(said: Path, out: Path) -> Path:
    """The file that NAME.parts.json tells of, its parts beside it; ValueError if it is not what was split."""
    words = json.loads(said.read_text())
    whole = b"".join((said.parent / f"{words['name']}.{number:02}").read_bytes() for number in range(words["parts"]))
    if hashlib.sha256(whole).hexdigest() != words["sha256"]:
        raise ValueError(f"The parts of {words['name']} do not make the file that was split; bring them again.")
    out.mkdir(parents=True, exist_ok=True)
    (out / words["name"]).write_bytes(whole)
    return out / str(words["name"])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tiny", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    for name, what in (("split", "the file to be split"), ("join", "the NAME.parts.json beside the parts")):
        step = steps.add_parser(name)
        step.add_argument("file", type=Path, help=what)
        step.add_argument("out", type=Path, help="a folder")
    flags = parser.parse_args(arguments)
    if flags.step == "split":
        print("\n".join(map(str, split(flags.file, flags.out))))
        return 0
    try:
        print(join(flags.file, flags.out))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
