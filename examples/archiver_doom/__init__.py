"""An archive that grows for ever, until its database is too slow; and the ways out."""
