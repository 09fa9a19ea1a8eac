"""Pipelines and runs as lines for people: values in, lines out."""
