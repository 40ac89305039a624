"""Being folded."""
