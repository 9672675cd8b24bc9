"""What every answer shares: the front door, dependencies, responses, problems, keys."""
