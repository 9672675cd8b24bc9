"""Indicators, their figures, and the vectors that are made of them."""
