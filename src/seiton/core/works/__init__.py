"""The library as people know it: works, seasons, series and groups."""
