"""A small world to try Seiton in: a feed, a tracker and a seeder on this machine, with invented anime."""
