"""Base maps of the owner: pictures of the ground from local files or a map service of the same network, as tiles."""
