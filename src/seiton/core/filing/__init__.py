"""The library: what each download should be, asked of its viewer, and what the viewer reports."""
