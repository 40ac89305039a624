"""Request headers and bodies decoded, error bodies encoded; pure functions without I/O."""
