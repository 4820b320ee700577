"""The parts of the story, in the order in which they run. Each is an operator's sequence of specs."""
