"""What goes into the vector files: one module for each kind. generate.py writes what they make."""
