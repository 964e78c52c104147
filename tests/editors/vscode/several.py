"""A server with two candidates for one place: it writes down, as a JSON list, which of them was accepted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

SAID = ["first, other):", "second):\n    pass"]
LINE = "def add("


def main(told: Path) -> None:
    server = LanguageServer("several", "1")

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(_: types.DidOpenTextDocumentParams) -> None:
        told.write_text("[]")

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    def complete(asked: types.InlineCompletionParams) -> list[types.InlineCompletionItem]:
        line = server.workspace.get_text_document(asked.text_document.uri).lines[asked.position.line]
        span = types.Range(start=asked.position, end=asked.position)
        return [item(text, asked.text_document.uri, span) for text in SAID if line.rstrip("\n") == LINE]

    @server.command("switchyard.accepted")
    def accepted(_uri: str, text: str) -> None:
        told.write_text(json.dumps([text.split(")")[0].split(",")[0]]))

    server.start_io()


def item(text: str, uri: str, span: types.Range) -> types.InlineCompletionItem:
    command = types.Command(title="Accepted", command="switchyard.accepted", arguments=[uri, text])
    return types.InlineCompletionItem(insert_text=text, range=span, command=command)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
