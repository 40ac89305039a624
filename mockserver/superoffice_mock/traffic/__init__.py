"""What really happened, in files: exchanges recorded, made harmless, told and played again."""
