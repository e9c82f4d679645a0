"""From topic and bytes to stored readings; knows nothing of grids or rules."""
