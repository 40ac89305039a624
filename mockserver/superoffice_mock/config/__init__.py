"""Settings and tenants, read from files, the environment and flags."""
