"""The names by which workflows find their queue and their function."""

#: The queue.
QUEUE = "bench"

#: The workflow.
WORKFLOW = "two_steps"

#: Workers of another version leave a workflow alone; all of these are of one.
VERSION = "1"

#: The name of the application, by which its rows are told apart.
APPLICATION = "headrace-bench"

#: How often a worker looks for queued workflows.
POLL_SECONDS = 0.1

#: Workflows at once in a worker process.
CONCURRENCY = 100
