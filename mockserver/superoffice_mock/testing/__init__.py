"""Tools for tests: a server, tenants of their own, and assertions that explain failures."""
