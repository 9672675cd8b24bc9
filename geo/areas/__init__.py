"""Boundaries: outlines, their changes over time, the names of places."""
