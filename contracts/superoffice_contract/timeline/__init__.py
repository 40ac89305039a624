"""A timeline of calls and runs as data, and the pictures that are made of it."""
