"""Completion at the cursor, from a keystroke to ghost text."""
