"""A call to a language model: a secret, one client a process, rate limits, retries, and an answer that is checked.

Try it: OPENAI_API_KEY=sk-... headrace dev --app llm
        headrace send review.posted product=anvil text='Heavy, but it never broke.'
"""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from httpx2 import AsyncClient, Response
from pydantic import BaseModel, ValidationError

from headrace import EventSchema, Permanent, Pipeline, Resource, RetryAfter, Secret, TaskContext

#: Any service that speaks the chat completions protocol.
BASE_URL = "https://api.openai.com/v1"
MODEL = "gpt-4o-mini"


class ReviewPosted(EventSchema, type="review.posted"):
    product: str
    text: str


class Verdict(BaseModel):
    mood: Literal["happy", "unhappy", "mixed"]
    summary: str


async def chat_client(key: Annotated[str, Secret("OPENAI_API_KEY")]) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(base_url=BASE_URL, headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        yield client


reviews = Pipeline("reviews", ReviewPosted)


@reviews.node(backoff=[0.5, 5, 30, 120, 600], timeout_seconds=90, retry_on=[ValidationError])
async def judge(
    event: ReviewPosted, context: TaskContext, client: Annotated[AsyncClient, Resource(chat_client)]
) -> Verdict:
    """Models sometimes answer what was not asked: `retry_on` has them asked again."""
    order = f"Answer JSON of this schema: {Verdict.model_json_schema()}"
    messages = [{"role": "system", "content": order}, {"role": "user", "content": event.text}]
    question = {"model": MODEL, "messages": messages, "response_format": {"type": "json_object"}}
    headers = {"idempotency-key": context.idempotency_key}
    answer = await client.post("/chat/completions", json=question, headers=headers)
    refuse_errors(answer)
    return Verdict.model_validate_json(answer.json()["choices"][0]["message"]["content"])


def refuse_errors(answer: Response) -> None:
    if answer.status_code == 429:
        raise RetryAfter(float(answer.headers.get("retry-after", 20)))  # spends no retry
    if answer.is_client_error:
        raise Permanent(f"the model refused the question: {answer.status_code}")
    answer.raise_for_status()  # what is left, 5xx, is tried again
