"""The vendor's API: a request from its arrival to its answer."""
