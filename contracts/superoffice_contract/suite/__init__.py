"""`check`: runs all checks against one server."""
