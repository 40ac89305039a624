"""The mock's own surface under /_mock/: where tests read the truth and hold the clock."""
