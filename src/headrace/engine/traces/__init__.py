"""What nodes leave beside their outputs: lines, notes, events."""
