"""What the command line runs: the rooms put together, as processes and as figures."""
