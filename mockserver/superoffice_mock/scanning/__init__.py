"""Searches text and recordings for secrets."""
