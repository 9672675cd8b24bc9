"""Indicators and their figures: what they mean, how they are read, compared and told apart."""
