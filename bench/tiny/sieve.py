"""Which files are worth learning from: written by people, in one of our languages, neither generated nor minified."""

from __future__ import annotations

import ast
import re
import warnings
from hashlib import sha256
from pathlib import PurePosixPath

LANGUAGES = {
    ".py": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".tsx": "typescript", ".mts": "typescript", ".go": "go", ".rs": "rust",
}  # fmt: skip
LEAST, MOST = 400, 150_000  # code points of a file
HELD_FILES = 50  # one file in so many of a package that is trained on is held out
UNSEEN_PACKAGES = 16  # one package in so many is held out whole

_FOREIGN = frozenset(
    """
    _vendor vendor vendored _vendored third_party thirdparty extern externals node_modules fixtures fixture testdata
    test_data test-data __snapshots__ snapshots __testfixtures__ corpora golden goldens site-packages __pycache__
    lib2to3 idlelib turtledemo migrations locale locales i18n generated gen _generated __generated__ codegen
    """.split()
)
_BUILT = frozenset(
    "dist dist-cjs dist-es dist-src build umd cjs esm es es5 es6 bundles bundle min amd commonjs".split()
)
_NAMES = re.compile(
    r"(\.min\.[cm]?js|\.bundle\.js|\.umd\.js|\.d\.[cm]?ts|\.pb\.go|_pb2(_grpc)?\.pyi?|_pb\.[jt]s|\.gen\.\w+|_gen\.go"
    r"|\.generated\.\w+|_generated\.\w+|_string\.go|bindata\.go)$|(^|/)(z(errors|types|syscall|sysnum|generated)|mock_)"
)
_GENERATED = re.compile(
    r"@generated|code generated|do not edit|auto-?generated|automatically generated|generated (by|from|with) |"
    r"this file was generated|sourceMappingURL",
    re.IGNORECASE,
)
_TRANSPILED = re.compile(
    r"__esModule|__webpack_require__|_interopRequire|__awaiter|_createClass\b|_jsxRuntime|tslib_1|__decorate"
)


def language(path: str) -> str:
    """The language that a file's name says, or an empty string: it is none of ours."""
    return LANGUAGES.get(PurePosixPath(path).suffix, "")


def misplaced(path: str) -> str:
    """Why a file at this path within its package is not taken, or an empty string."""
    said = PurePosixPath(path)
    folders = {part.lower() for part in said.parts[:-1]}
    if not language(path):
        return "another language"
    if folders & _FOREIGN:
        return "vendored, generated or a fixture"
    if language(path) in ("javascript", "typescript") and folders & _BUILT:
        return "built"
    return "generated" if _NAMES.search(path) else ""


def unfit(path: str, text: str) -> str:
    """Why a file is not learnt from, or an empty string."""
    if not LEAST <= len(text) <= MOST:
        return "its size"
    lines = text.split("\n")
    if max(map(len, lines)) > 500 or len(text) > 70 * len(lines):
        return "minified or data"
    if _GENERATED.search(text[:2000]) or _GENERATED.search(text[-200:]):
        return "generated"
    if _TRANSPILED.search(text):
        return "built"
    return _noisy(text) or ("not Python" if language(path) == "python" and not _parses(text) else "")


def _noisy(text: str) -> str:
    if "\0" in text or "\ufffd" in text:
        return "not text"
    foreign = len(text.encode()) - len(text)  # at least one more byte for each sign beyond ASCII
    digits = sum(map(text.count, "0123456789"))
    return "data" if foreign > 0.05 * len(text) or digits > 0.15 * len(text) else ""


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def number(said: str) -> int:
    """A number of 32 bits that depends on nothing but these words."""
    return int.from_bytes(sha256(said.encode()).digest()[:4], "big")


def part(package: str, path: str, unseen: frozenset[str]) -> str:
    """`unseen`: of a package that is held out whole; `held`: held out of one that is trained on; `train`."""
    if package in unseen or number(f"package {package}") % UNSEEN_PACKAGES == 0:
        return "unseen"
    return "held" if number(f"file {package} {path}") % HELD_FILES == 0 else "train"
