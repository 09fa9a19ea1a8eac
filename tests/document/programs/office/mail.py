"""Tasks of a user's own."""

from celery import shared_task

from headrace import celery_app


@celery_app.task(name="office.frank")
def frank(letter: str) -> str:
    return f"franked {letter}"


@shared_task(name="office.seal")
def seal(letter: str) -> str:
    return f"sealed {letter}"
