"""What really happened at a tenant, as text, and what is wrong with it."""
