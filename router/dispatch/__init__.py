"""Which engine answers, and when: the plan carried out, loads, lanes and learned paces."""
