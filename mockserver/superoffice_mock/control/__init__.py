"""The control surface, `/_mock/`."""
