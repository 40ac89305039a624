"""The operations of the vendor's API and the steps that they share."""
