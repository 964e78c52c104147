"""What surrounds a request: open documents, other files, what the user did; and what of it may be shown."""
