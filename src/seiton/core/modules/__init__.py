"""Registered modules and workers, how they are, and what the engine is busy with."""
