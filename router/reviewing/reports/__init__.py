"""A review as text for people and for programs: one room per form."""
