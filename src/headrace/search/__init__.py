"""The search copy: one port, and an adapter for each place where it may lie."""
