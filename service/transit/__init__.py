"""Stops, grids, transport gaps and scenarios."""
