"""The router: knows models, code and time; knows nothing of LSP. Here stands only the tree of its errors.

    SwitchyardError           what goes wrong, said so that the user can mend it
    ├── BadConfig             a key, a type or a value in a settings file
    ├── BadTask               a file in prompts/
    ├── BadLedger             the ledger's file can't be read or written
    ├── TooLong               a task needs a longer prompt than any window here takes
    ├── Superseded            a newer request for the same document took this one's place
    └── RuntimeFailure        an engine could not do its part
        ├── Unreachable       nobody answers, or what answers is not an engine
        ├── Refused           the engine says no: not signed in, forbidden, not able to
        ├── ModelMissing      the engine answers, the model is not there
        ├── OutOfMemory       the model does not fit
        ├── WouldEvict        only without the model that completes does it fit: ask again with consent
        ├── Busy              the engine's own queue is full
        ├── Incomplete        the answer broke off, stalled or was not well-formed
        └── PromptCut         the engine would cut, or has cut, the prompt

A message is one sentence fit for the user, with the way out in it; it never quotes code or an answer's body.
"""


class SwitchyardError(Exception):
    """The root of the family; `str(error)` is the sentence that the user reads."""


class BadConfig(SwitchyardError):
    """A settings file says something that it cannot say; names file, line and key."""


class BadTask(SwitchyardError):
    """A file in prompts/ is not a task; names file and field."""


class BadLedger(SwitchyardError):
    """The ledger's file can't be read or written, now or ever; names it."""


class TooLong(SwitchyardError):
    """A task needs a longer prompt than any window that fits here; names the numbers."""


class Superseded(SwitchyardError):
    """A newer request for the same document took this one's place: an outcome, not a fault."""


class RuntimeFailure(SwitchyardError):
    """An engine could not do its part."""


class Unreachable(RuntimeFailure):
    """Nobody answers at the engine's address, or what answers there is not an engine."""


class Refused(RuntimeFailure):
    """The engine understood and said no."""


class ModelMissing(RuntimeFailure):
    """The engine is there and the model is not."""


class OutOfMemory(RuntimeFailure):
    """The model does not fit into what is free."""


class WouldEvict(RuntimeFailure):
    """Its load would push the model that completes out of memory for a while: the user is asked first."""


class Busy(RuntimeFailure):
    """The engine's own queue is full, or it asks to be left alone for a while."""


class Incomplete(RuntimeFailure):
    """The answer broke off, stalled, ended without saying so, or was not well-formed."""


class PromptCut(RuntimeFailure):
    """The prompt is longer than the engine's window: it was refused, or silently cut."""
