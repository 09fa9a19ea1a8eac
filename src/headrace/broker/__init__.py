"""Redis or Valkey, through Celery: it carries wake-ups and users' own tasks, and may be lost at any time."""
