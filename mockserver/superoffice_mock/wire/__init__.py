"""Request headers and the query decoded, error bodies encoded; pure functions without I/O."""
