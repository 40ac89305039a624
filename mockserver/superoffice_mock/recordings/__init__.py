"""Recordings: HAR files, the model behind them, and labels."""
