"""What the command-centre screen reads: tallies by division, the past, search and figures, all from the records."""
