"""Replaces all values of recordings but those that the description lets stay."""
