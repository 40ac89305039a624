"""The rules: pure functions and immutable values, without I/O, sockets, clocks or logging."""
