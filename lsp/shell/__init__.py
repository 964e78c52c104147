"""What the commands of the shell have in common: files read and written, tables, pages, what was run."""
