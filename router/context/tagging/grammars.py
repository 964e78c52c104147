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

from router.context.tagging.language import language

BUNDLE = "tree_sitter_languages"
_CAPSULE = b"tree_sitter.Language"  # must outlive every capsule that bears this name


@cache
def grammar(name: str) -> Language | None:
    """The grammar of a language by the name that editors give it; None: read it as plain text."""
    found = language(name)
    if found is None:
        return None
    return _bundled(found.function) if found.package == BUNDLE else _official(found.package, found.function)


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
    spec = importlib.util.find_spec(BUNDLE)
    if spec is None or spec.origin is None:
        return None  # there is no wheel of it for Python 3.13 and up
    return ctypes.CDLL(str(Path(spec.origin).with_name("languages.dll" if sys.platform == "win32" else "languages.so")))
