"""The demo: real webhooks through every part of the product, with a worker process killed in the middle."""
