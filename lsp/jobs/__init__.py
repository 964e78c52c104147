"""The jobs that an editor asks for beside completion, and what a review shows in it."""
