"""The calls of `/_mock/`, a module for each subject."""
