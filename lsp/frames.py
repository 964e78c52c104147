"""Frames of the wire, read from chunks of any size: headers as clients really send them, with limits. Pure."""

from __future__ import annotations

import re

HEADER_LIMIT = 64 * 1024  # bytes; a header line that goes on longer is no header
BODY_LIMIT = 64 * 1024 * 1024  # bytes; no document that we would look at is near it, so what is longer is passed over
LONGEST = 1 << 30  # bytes; what announces more is no message

_END = re.compile(rb"\r\n\r\n|\n\n")
# Found anywhere in the block, so that the rest of a body with a wrong length does not hide the next header.
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,20})[ \t]*(?:\r?\n|\Z)", re.IGNORECASE)


class Broken(Exception):
    """The stream cannot be followed any further; the message says why and quotes nothing of it."""


class Frames:
    """Cuts what arrives into bodies; what is between them and is no header is skipped.

    `over` counts the messages that were passed over.
    """

    def __init__(self) -> None:
        self.over = 0
        self._left = 0  # bytes of a message that is passed over
        self._buffer = bytearray()
        self._body = -1  # the length of the body that we are in; -1: in a header

    def feed(self, chunk: bytes) -> list[bytes]:
        """The bodies that are complete with this chunk. Raises Broken when a limit is passed."""
        self._buffer += chunk
        self._pass()
        bodies = []
        while (self._body >= 0 or self._header()) and len(self._buffer) >= self._body:
            bodies.append(bytes(self._buffer[: self._body]))
            del self._buffer[: self._body]
            self._body = -1
        return bodies

    @property
    def rest(self) -> int:
        """Bytes that are not yet part of a whole body."""
        return len(self._buffer)

    def _pass(self) -> None:
        """Let go of what has come of a message that is too long; the next one is worth hearing."""
        passed = min(self._left, len(self._buffer))
        del self._buffer[:passed]
        self._left -= passed

    def _header(self) -> bool:
        """Go past the next header that tells a length; False: it is not there yet."""
        while end := _END.search(self._buffer, 0, HEADER_LIMIT + 4):
            lengths = _LENGTH.findall(self._buffer, 0, end.start())
            del self._buffer[: end.end()]
            if lengths:
                length = int(lengths[-1])
                if length > LONGEST:
                    raise Broken(f"a message of {length} bytes is announced, the limit is {LONGEST}")
                if length <= BODY_LIMIT:
                    self._body = length
                    return True
                self._left, self.over = length, self.over + 1
                self._pass()
        if len(self._buffer) > HEADER_LIMIT:
            raise Broken(f"a header is longer than {HEADER_LIMIT} bytes")
        return False


def frame(body: bytes) -> bytes:
    """One body as it goes over the wire."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
