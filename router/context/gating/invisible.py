"""Takes away what a reader cannot see but a model can; scripts and pictures keep what they are made of."""

from __future__ import annotations

import re

# Scripts whose words hold joiners: Arabic and its kin, those of India and Sri Lanka, Tibetan to Khmer, Mongolian.
_JOINING = "\u0600-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua87f\ufb50-\ufdff\ufe70-\ufefc"
_PICTURE = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_SEEN = re.compile(
    rf"(?<=[{_JOINING}])[\u200c\u200d](?![\u200c\u200d])"  # between letters, or at the end of a word
    rf"|(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])"  # one picture made of several
    rf"|(?<=[{_PICTURE}#*0-9])[\ufe0e\ufe0f](?![\ufe0e\ufe0f])"  # a sign as a picture, or as a sign
)
_UNSEEN = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_FOUND = re.compile(f"[{_UNSEEN}]")
_CONTROL = dict.fromkeys((*range(9), *range(0x0E, 0x20), 0x7F))


def visible(text: str) -> str:
    """`text` without the characters that are not seen.

    Left are tabs, line ends and form feeds; joiners within the words of scripts that need them; what makes one picture
    of several, or a picture of a sign. Right-to-left text stays as it is: letters carry their own direction.
    """
    if text.isascii():
        return text.translate(_CONTROL)
    if not _FOUND.search(text):
        return text
    kept = {found.start() for found in _SEEN.finditer(text)}
    return _FOUND.sub(lambda found: found[0] if found.start() in kept else "", text)
