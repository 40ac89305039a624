"""Bodies in JSON, XML and forms: bytes to typed values, along the shape of the description."""
