"""Who may come in: people with passwords, their sessions, tokens for programs."""
