"""The mock in the hands of a test: a server, tenants of its own, and assertions that explain."""
