"""Edits: what an answer would make of a file, held against the file before anybody sees it."""
