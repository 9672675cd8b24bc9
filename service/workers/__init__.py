"""Serving processes beside each other, and who looks after them."""
