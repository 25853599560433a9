"""Modules in other processes, by the contract's HTTP (§1.6–1.8); each may lie, be slow, or be away."""
