"""Areas and their outlines."""
