"""Claims that a parser can check: what is said to be undefined, unused, unclosed, not imported or never returned. Pure.

Each check is asked only of claims that say such a thing without a condition ("never closed", not "not closed when it
throws"), and answers only where it is sure: a claim that nobody can check goes on to the second look.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tree_sitter import Node

from router.reviewing.reading import WORD, Code, binding, leaves
from router.reviewing.types import Claim
from router.types import Span

Known: TypeAlias = Callable[[str], bool]
Check: TypeAlias = Callable[["Question"], bool]
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|on (?:the|an?|every|some)|in (?:case|the \w+ (?:case|branch))"
    r"|for (?:an?|the|some|every|empty|zero|negative)"
    r"|path|branch|before|after|until|early|exception|error|throws?|raises?|fails?|some)\b",
    re.I,
)
_TICKED = re.compile(r"`([^`\n]{1,80})`")
_LOOPS = re.compile(r"^(?:for|while|loop|do|repeat|until|goto|foreach)(?:_|$)|comprehension|enhanced_for|for_in")
_LOOPING = re.compile(r"\b(?:for|while|loop|do|repeat|until|goto|foreach)\b")
_RETURNS = re.compile(r"return_(?:statement|expression)|^return$|yield")
_FUNCTIONS = re.compile(r"function|method|arrow|lambda|closure|constructor")


class Question:
    """One claim, the code it is about, and who knows the names of the workspace."""

    def __init__(self, claim: Claim, span: Span, code: Code, known: Known) -> None:
        self.claim, self.span, self.code, self.known = claim, span, code, known
        self.said = f"{claim.message} {claim.rule.replace('-', ' ') if claim.rule in _TELLING else ''}"
        self.firm = not _CONDITION.search(_TICKED.sub("", claim.message))

    def names(self) -> list[str]:
        """What the claim is about: names in backticks that it says, else its symbols."""
        ticked = [word for found in _TICKED.findall(self.claim.message) for word in WORD.findall(found)[-1:]]
        said = ticked or [word for symbol in self.claim.symbols for word in WORD.findall(symbol)[-1:]]
        return list(dict.fromkeys(it for it in said if it in self.code.names or it in self.code.words))

    def function(self) -> Node | None:
        """The innermost function around the quote."""
        last = max(self.span.start, self.span.end - 1)
        for start, end in ((self.span.start, last), (last, last)):  # a header ends within what it is the header of
            node = self.code.root and self.code.root.descendant_for_byte_range(start, end)
            while node is not None and not (_FUNCTIONS.search(node.type) and node.child_by_field_name("body")):
                node = node.parent
            if node is not None:
                return node
        return None

    def around(self) -> str:
        """The text of that function; of all where there is none."""
        node = self.function()
        return self.code.text[node.start_byte : node.end_byte] if node else self.code.text


_TELLING = frozenset({"undefined-name", "unused-name"})


def refuted(claim: Claim, span: Span, code: Code, known: Known) -> bool:
    """Whether the code shows that a claim is false. `known` says whether a name is defined in the workspace."""
    question = Question(claim, span, code, known)
    return code.root is not None and any(
        said.search(question.said) is not None and check(question) for said, check in _CHECKS
    )


def _defined(it: Question) -> bool:
    """Whether the name has a meaning somewhere; whether it has one on every way is not known here."""
    names = it.names()
    if not names or not it.firm:
        return False
    is_builtin = it.code.language == "python" and hasattr(builtins, names[0])
    return is_builtin or it.code.binds(names[0]) or it.known(names[0])


def _used(it: Question) -> bool:
    """Names that are said and not only bound; "the result is never used" is about no name."""
    if re.search(r"\b(?:result|return value|returned|value of)\b", it.said, re.I) or not it.firm:
        return False
    names = it.names()
    return bool(names) and _is_used(it, names[0])


def _is_used(it: Question, name: str) -> bool:
    return any(not binding(node) for node in it.code.names.get(name, ()))


def _sound(it: Question) -> bool:
    node = it.function() or it.code.root
    return node is not None and not it.code.broken(Span(node.start_byte, node.end_byte))


def _closed(it: Question) -> bool:
    """Whether what is said to stay open is held by what closes it on every way out."""
    names = [*it.names(), *WORD.findall(it.code.text[it.span.start : it.span.end])]
    around = it.around()
    return any(
        re.search(
            rf"\bwith\b[^\n]*\bas\s+{name}\b|\bdefer\s+{name}\.(?:Body\.)?[Cc]lose|\btry\s*\([^)]*\b{name}\b"
            rf"|\busing\b[^\n]*\b{name}\b|\bdefer\s+{name}\.Unlock",
            around,
        )
        for name in map(re.escape, names)
    ) or (it.firm and _closes(it, around))


def _closes(it: Question, around: str) -> bool:
    names = "|".join(map(re.escape, it.names()))
    return (
        bool(names)
        and re.search(
            rf"\b(?:{names})\s*(?:\.|->)\s*(?:[cC]lose|release|dispose|free|Unlock)\s*\(|\b(?:f?close|free)\s*\(\s*(?:{names})\b",
            around,
        )
        is not None
    )


def _imported(it: Question) -> bool:
    names = it.names()
    return bool(names) and it.code.binds(names[0])


def _returns(it: Question) -> bool:
    """Whether the function around gives a value back after all."""
    function = it.function()
    if function is None or not it.firm:
        return False
    return any(_gives(node) for node in _own(function)) or _ends_with_a_value(it, function)


def _gives(node: Node) -> bool:
    return _RETURNS.search(node.type) is not None and any(
        it.is_named and "comment" not in it.type for it in node.children
    )


def _ends_with_a_value(it: Question, function: Node) -> bool:
    """In Rust a block's last expression is its value; an arrow function may be one expression."""
    body = function.child_by_field_name("body")
    if body is None:
        return False
    if it.code.language == "rust":
        named = [child for child in body.children if child.is_named and "comment" not in child.type]
        return bool(named) and not re.search(r"statement|declaration", named[-1].type)
    return "arrow" in function.type and "block" not in body.type


def _own(function: Node) -> Iterator[Node]:
    """The nodes of a function, without those of functions within."""
    stack = list(function.children)
    while stack:
        node = stack.pop()
        yield node
        if not (_FUNCTIONS.search(node.type) and node.child_by_field_name("body")):
            stack += node.children


def _awaited(it: Question) -> bool:
    names = it.names()
    return (
        bool(names)
        and re.search(rf"\bawait\s+(?:[\w.]+\.)?{re.escape(names[0])}\s*\(", it.around()) is not None
        and not re.search(rf"(?<!await )(?<![\w.]){re.escape(names[0])}\s*\(", it.around()[it.around().find("{") + 1 :])
    )


def _once(it: Question) -> bool:
    names = it.names()
    return bool(names) and sum(one.name == names[0] for one in it.code.tags.definitions) < 2 and it.code.binds(names[0])


def _divides_not(it: Question) -> bool:
    return not re.search(r"[/%]|\b(?:div|mod|divmod|fmod|rem|mean|quotient|remainder)\w*\b", _bare(it))


def _loops_not(it: Question) -> bool:
    """No loop, and no call of itself."""
    function = it.function()
    if not re.search(r"\bloop", it.said, re.I):
        return False
    if function is None:
        return not _LOOPING.search(it.code.text[it.span.start : it.span.end])
    return not any(_LOOPS.search(node.type) for node in _own(function)) and not _LOOPING.search(_bare(it))


def _bare(it: Question) -> str:
    """The code around without its comments."""
    node = it.function() or it.code.root
    return (
        " ".join(it.code.text[leaf.start_byte : leaf.end_byte] for leaf in leaves(node, it.code.language))
        if node
        else ""
    )


_SAYS: dict[Check, tuple[str, ...]] = {
    _defined: (
        r"\bundefined (?:name|variable|function|symbol|identifier)",
        r"\b(?:is|are|was) (?:not|never) (?:defined|declared)|undeclared|isn't defined|not defined anywhere",
        r"\b(?:is|are) undefined\b(?! (?:if|when|for))|unresolved (?:name|reference)",
    ),
    _used: (r"\b(?:unused|isn't used|(?:never|not) (?:used|read|called|referenced))\b",),
    _sound: (
        r"\b(?:unclosed|unterminated|unbalanced|unmatched)\s+(?:bracket|brace|paren|parenthesis|quote|string|block|tag)",
        r"\bmissing (?:a |the )?(?:closing )?(?:bracket|brace|paren|parenthesis|quote|colon|semicolon)",
        r"\bsyntax error|\b(?:does not|doesn't|will not|won't) (?:parse|compile)\b|\binvalid syntax",
    ),
    _closed: (
        r"\b(?:never|not|isn't|without being)\s*(?:closed|released|unlocked|freed|disposed)|\bleaks?\b",
        r"\bunclosed (?:file|connection|handle|stream|socket)",
    ),
    _imported: (r"\b(?:missing|not|never|no|without|forgot\w*)\b[^.]{0,30}\bimport|\bimport\w*\b[^.]{0,20}\bmissing",),
    _returns: (
        r"\b(?:never returns|(?:has )?no return\b|(?:does not|doesn't) return (?:a value|anything)|returns nothing)",
        r"\bmissing (?:a )?return\b|without returning",
    ),
    _awaited: (r"\b(?:not|never|isn't|missing an?|without) await",),
    _once: (
        r"\b(?:defined|declared) (?:twice|again|multiple times)|\bredefin",
        r"\bduplicate (?:definition|function|method)",
    ),
    _divides_not: (r"\bdivi(?:de[sd]?|sion|ding) by zero|\bzero ?division",),
    _loops_not: (r"\b(?:infinite|endless) loop|\bloops? forever|\bnever terminat",),
}
_CHECKS = tuple((re.compile("|".join(said), re.I), check) for check, said in _SAYS.items())
