"""A local SuperOffice that answers as documented, and tells the truth on a side channel."""

__version__ = "0.1.0"
