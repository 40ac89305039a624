"""The server under test: its tenants, credentials, secrets and an HTTP client."""
