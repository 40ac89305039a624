"""Bytes to plain values and back, one module per family of media types. Pure."""
