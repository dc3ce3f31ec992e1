"""How often the diagnosis is right, against rules that people use; labels from the generator."""
