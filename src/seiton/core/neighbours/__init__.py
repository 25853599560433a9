"""Sites and services that Core asks: how they are, what they answered."""
