"""Programs that measure: each prints a table with a peer beside us, as ratios from one run. See README.md."""
