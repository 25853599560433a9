"""Where facts about works come from."""
