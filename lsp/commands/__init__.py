"""What the command line can do: one module per command, whose `run` takes the arguments and returns the exit code."""
