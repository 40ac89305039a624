"""`python -m superoffice_mock`."""

from superoffice_mock.cli import main

main()
