"""`check --real`: a few careful requests to a server that is not this machine."""
