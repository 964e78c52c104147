"""What a bare machine may lack: where llama.cpp can't load, the tests that run it are skipped, and say so.

And where the tests' servers read and write what they keep: never in the home of whoever runs the tests.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from types import ModuleType

import pytest
from hypothesis import settings

from router.runtimes import child

LACKING = child.lacking()

# A gate must say the same twice; whoever works here looks for new cases at each run. How long a case takes says more of
# the machine than of the code.
settings.register_profile("work", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "work"))

_HOME = tempfile.mkdtemp(prefix="switchyard-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
for _kept in ("STATE", "CACHE", "CONFIG"):  # spawned servers inherit it
    os.environ[f"XDG_{_kept}_HOME"] = os.path.join(_HOME, _kept.lower())

if LACKING:
    sys.modules["xllamacpp"] = ModuleType("xllamacpp")  # so that the tests beside those can be collected


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skip what stands in a module that makes a model for the real engine."""
    texts = {path: path.read_text("utf-8") for path in {item.path for item in items} if LACKING}
    for item in items:
        if "random_gguf" in texts.get(item.path, ""):
            item.add_marker(pytest.mark.skip(reason=LACKING))
