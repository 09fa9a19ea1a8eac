"""A repository for any mapped class: the three calls that most code needs, each of which commits."""

from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

Model = TypeVar("Model")


class GenericRepository(Generic[Model]):
    """Rows of one model through one session. `create` and `update` commit, because a worker must find the row."""

    def __init__(self, session: Session, model: type[Model]) -> None:
        self.session = session
        self.model = model

    def create(self, obj: Model) -> Model:
        """Store a new object and return it as the database has it. The session is rolled back if that fails."""
        self.session.add(obj)
        return self._commit(obj)

    def get(self, id: Any) -> Model | None:  # noqa: A002  # the name that callers use
        """The object with this primary key, or None."""
        return self.session.get(self.model, id)

    def update(self, obj: Model) -> Model:
        """Store what was changed on an object, and return it as the database has it.

        For an Event whose `task_context` was set, this settles its run. Raises EventHeldElsewhere while a worker holds
        it, and EventAlreadyFinished when it has a result; the session is rolled back then.
        """
        return self._commit(obj if obj in self.session else self.session.merge(obj))

    def _commit(self, obj: Model) -> Model:
        try:
            self.session.commit()
        except BaseException:
            self.session.rollback()
            raise
        self.session.refresh(obj)
        return obj
