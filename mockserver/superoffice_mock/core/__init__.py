"""The rules: pure functions and frozen facts. No bytes, sockets, clocks, threads or logging."""
