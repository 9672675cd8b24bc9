"""Running the service: what may be wrong with it, and its database as a file and back."""
