"""What analysts ask of figures: what lies alike side by side, what goes with what, what has changed."""
