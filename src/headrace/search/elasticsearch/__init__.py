"""The search copy in Elasticsearch. Its client takes a second to import: only who makes a copy imports `copy`."""
