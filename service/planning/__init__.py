"""What a planner asks: peers, profiles, effects."""
