"""`record`: a reverse proxy that writes redacted recordings."""
