"""The task table: one Markdown file per task."""
