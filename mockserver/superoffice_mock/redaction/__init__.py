"""Replaces secrets and names in recordings, and finds those that remain."""
