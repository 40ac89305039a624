"""The tenants: their state, their clocks and the calls that wait for them."""
