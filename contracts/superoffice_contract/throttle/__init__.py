"""The throttle: a reference model, and how a server is compared with it."""
