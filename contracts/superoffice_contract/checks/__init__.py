"""The checks of one server, grouped by subject; `registry` has the table of all of them."""
