"""Layers on a map: views, pictures, tiles, legends, readings."""
