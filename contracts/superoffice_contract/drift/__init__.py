"""`drift`: compares the contract with a newer page or API file of the vendor."""
