"""The one seam to the grammars: a language's name -> its tree_sitter.Language, from whichever wheel holds it.

One source per language, never two: the 2024 grammars of `tree-sitter-languages` name some nodes otherwise
than the official wheels do. Its own `get_language` fails on today's tree-sitter and is never called; the
grammars in its shared library are sound and are reached through ctypes.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path

from tree_sitter import Language

_OFFICIAL = {
    "bash": ("tree_sitter_bash", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "lua": ("tree_sitter_lua", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "python": ("tree_sitter_python", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}
# What an editor calls a language, where a grammar calls it otherwise.
_ALIASES = {
    "cs": "csharp",
    "javascriptreact": "javascript",
    "sh": "bash",
    "shellscript": "bash",
    "typescriptreact": "tsx",
}
_BUNDLED = {
    *("css", "dockerfile", "elixir", "haskell", "html", "json", "kotlin", "make"),
    *("markdown", "perl", "r", "scala", "sql", "toml", "yaml"),
}
_CAPSULE = b"tree_sitter.Language"  # must outlive every capsule that bears this name


@cache
def grammar(language: str) -> Language | None:
    """The grammar of a language by the name that editors give it; None: read it as plain text."""
    name = _ALIASES.get(language, language)
    if name in _OFFICIAL:
        return _official(*_OFFICIAL[name])
    return _bundled(name) if name in _BUNDLED else None


def _official(module: str, function: str) -> Language | None:
    try:
        return Language(getattr(importlib.import_module(module), function)())
    except ImportError:
        return None


def _bundled(name: str) -> Language | None:
    library = _library()
    entry = getattr(library, f"tree_sitter_{name}", None) if library else None
    if entry is None:
        return None
    entry.restype = ctypes.c_void_p
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype = ctypes.py_object
    capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return Language(capsule(entry(), _CAPSULE, None))


@cache
def _library() -> ctypes.CDLL | None:
    spec = importlib.util.find_spec("tree_sitter_languages")
    if spec is None or spec.origin is None:
        return None  # there is no wheel of it for Python 3.13 and up
    return ctypes.CDLL(str(Path(spec.origin).with_name("languages.dll" if sys.platform == "win32" else "languages.so")))
