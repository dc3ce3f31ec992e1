"""How often the diagnosis is right, on traffic it was not tuned to, through the stored path."""
