"""What checks, grading and labels know of single operations beyond their description."""
