"""Divisions and their versions, coordinates, locating points, boundary import and checks."""
