"""What stands in a grid: facilities, shelters, hazard points, cameras, storeys, and counts of those who live there."""
