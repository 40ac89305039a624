"""`explore`: tries the orders in which other callers may come between an app's calls."""
