"""Answers requests from recordings, and compares recordings."""
