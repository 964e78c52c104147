"""A language server on bare pygls, for comparison: it offers inline completion and has none."""

from __future__ import annotations

from lsprotocol.types import TEXT_DOCUMENT_INLINE_COMPLETION, InlineCompletionOptions, InlineCompletionParams
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare", "1")


@server.feature(TEXT_DOCUMENT_INLINE_COMPLETION, InlineCompletionOptions())
async def complete(params: InlineCompletionParams) -> None:
    """Nothing to say."""


if __name__ == "__main__":
    server.start_io()
