"""What a panel shows, and how rrdtool draws it."""
