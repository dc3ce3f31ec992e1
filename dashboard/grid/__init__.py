"""Series of a store on one grid of steps."""
