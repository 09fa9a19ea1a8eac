"""What parameters are given that are neither the event nor a node's output."""
