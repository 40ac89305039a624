"""The tenants at run time: their state, their clocks and their waiting calls."""
