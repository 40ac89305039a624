"""The contract as data: operations, schemas, claims and what they need."""
