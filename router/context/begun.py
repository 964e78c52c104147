"""Whether an answer has begun what it has not ended yet, by its words: it would take the document's own end for its."""

from __future__ import annotations

import re

from router.context.brackets import SHELLS, brackets, unclosed

_SHIFTING = frozenset({"perl", "php", "ruby"})
_ENDING = frozenset({"crystal", "elixir", "julia", "ruby"})  # blocks end with `end`
_TEMPLATES = frozenset({"go", "javascript", "javascriptreact", "tsx", "typescript", "typescriptreact", "vue", "svelte"})
_TAGGED = frozenset({"astro", "html", "javascriptreact", "svelte", "tsx", "typescriptreact", "vue", "xml"})
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|(?<!\S)(?:#|--)[ -].*")
_TEXT = r"\1.*\n(?P<body>(?:.*\n)*)"
_HEREDOC = re.compile(rf"(?<!<)<<-?[ \t]*([\"']?)([A-Za-z_]\w*){_TEXT}")
_SHIFTED = re.compile(rf"<<[<~-]?([\"']?)((?<=[~\"'-])[a-z]\w*|[A-Z_]{{2}}\w*){_TEXT}")  # where `<< x` is an operator
_RUBY = re.compile(
    r"^\s*(?:def|class|module|if|unless|while|until|case|begin|for|function)\b|=\s*(?:if|unless|case|begin)\b"
    r"|\bdo[ \t]*(?:\|[^|\n]*\|)?[ \t]*$"
)
_SHELL = re.compile(r"^[ \t]*(?:if|case)\b|(?:^|;)[ \t]*do\b", re.M)
_SHELL_END = re.compile(r"(?:^|;)[ \t]*(?:fi|esac|done)\b", re.M)
_LUA = re.compile(r"\b(?:function|if|do|repeat)\b")
_LUA_END = re.compile(r"\b(?:end|until)\b")
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][\w.:-]*)\b(?:\"[^\"]*\"|'[^']*'|\{[^{}]*\}|[^<>\"'{}])*?(?P<alone>/?)>"
)
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


def begun(said: str, language: str) -> bool:
    """Whether `said`, whole lines, has opened what it has not closed: a bracket, a string, a comment, a block."""
    if language == "markdown":
        return said.count("```") % 2 > 0
    if unclosed(brackets(said, language)) or any(said.count(quotes) % 2 for quotes in ('"""', "'''")):
        return True
    if re.search(r"^[ \t]*/\*(?![\s\S]*\*/)", said, re.M):
        return True
    if language in _TEMPLATES and said.count("`") % 2:
        return True
    return _words(said, language) or (language in _TAGGED and bool(tags(said)))


def _words(said: str, language: str) -> bool:
    """Whether a block that ends with a word has not ended."""
    if language in SHELLS | _SHIFTING and (heredoc := (_HEREDOC if language in SHELLS else _SHIFTED).search(said)):
        return not re.search(rf"^[ \t]*{heredoc[2]}\b", heredoc["body"], re.M)
    bare = _QUOTED.sub("", said)
    if language in SHELLS:
        return len(_SHELL.findall(bare)) > len(_SHELL_END.findall(bare))
    if language == "lua":
        return len(_LUA.findall(bare)) > len(_LUA_END.findall(bare))
    if language in _ENDING:
        lines = bare.split("\n")
        opened = sum(bool(_RUBY.search(line)) and not re.match(r"\s*def\b.*\S\s*=\s", line) for line in lines)
        return opened > len(re.findall(r"(?<![:.\w])end\b(?![?:])", bare))
    return False


def tags(said: str) -> list[str]:
    """The elements of a markup that are opened and not closed, outermost first."""
    stack: list[str] = []
    for found in _TAG.finditer(said):
        if found["close"]:
            if found["name"] in stack:
                del stack[len(stack) - 1 - stack[::-1].index(found["name"]) :]
        elif not found["alone"] and found["name"].lower() not in _VOID:
            stack.append(found["name"])
    return stack
