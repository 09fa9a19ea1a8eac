"""The demo's program, as a user would write it: `HEADRACE_APP=headrace.demo.app`."""
