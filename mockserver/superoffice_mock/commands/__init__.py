"""What the subcommands do that is more than a few lines of `cli`."""
