"""The vendor's API: the steps of a call from its arrival to its answer."""
