"""Which work and which season a series is, by ids of the world outside, and the facts known by those."""
