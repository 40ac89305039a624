"""`explore`: what other clients, faults and time may do between the calls of an app."""
