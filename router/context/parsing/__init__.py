"""Parsing what nobody has open, in a process that can be killed."""
