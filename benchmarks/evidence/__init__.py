"""Whether the evidence names the right place: real faults in consumers like those in use."""
