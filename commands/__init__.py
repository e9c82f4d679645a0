"""The commands, one module per concern, and what they run: the rooms put together, as processes and as figures."""
