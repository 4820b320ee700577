"""A deliberately naive second implementation of docs/placement.md and docs/spec.md.

It is the oracle that made the vectors: linear scans, no index, nothing clever, nothing shared with the core.
It takes valid specs only; what makes a spec invalid is listed by hand in builders/spec_errors.py.
"""
