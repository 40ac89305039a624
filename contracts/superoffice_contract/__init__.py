"""What the vendor documents about SuperOffice's WebAPI, as data, and what is read from it."""
