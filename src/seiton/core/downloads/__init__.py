"""From a wanted link to its files: chosen, handed to a torrent client, followed, tried again, ended."""
