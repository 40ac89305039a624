"""The control surface of a mock, `/_mock/`, as its clients see it."""
