"""The worker processes: one program in Python, one in JavaScript, with the same load and the same reports."""
