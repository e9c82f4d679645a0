"""What people report (事件), step by step until it is closed, at which level, and what is told of it."""
