"""`grade`: checks recorded traffic of an app against the contract."""
