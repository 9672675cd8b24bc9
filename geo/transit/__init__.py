"""Public transport: stops, grids of people, and the transport gap between them."""
