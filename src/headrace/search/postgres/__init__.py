"""The search copy in Postgres full text, for installations without Elasticsearch."""
