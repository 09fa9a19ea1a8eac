"""A model on your own machine: a node for the CPU, in a process of its own, that loads the model once.

Try it: headrace send message.posted text='win a free prize now'
"""

import math
from collections import Counter
from functools import cache

from headrace import EventSchema, Pipeline

#: A real program would load a file; the place to do it is the same.
EXAMPLES = {
    "spam": ["win a free prize", "cheap pills now", "free money now", "claim your prize"],
    "fine": ["shall we meet for lunch", "the report is done", "see you at the meeting", "thank you for the money"],
}


class MessagePosted(EventSchema, type="message.posted"):
    text: str


class Bayes:
    """How likely words are, by label, and what that says of a text: naive Bayes with one added to each count."""

    def __init__(self, examples: dict[str, list[str]]) -> None:
        self.words = {label: Counter(" ".join(texts).split()) for label, texts in examples.items()}
        self.known = set().union(*self.words.values())

    def label(self, text: str) -> str:
        return max(self.words, key=lambda label: self._likelihood(label, text.lower().split()))

    def _likelihood(self, label: str, words: list[str]) -> float:
        counts = self.words[label]
        total = counts.total() + len(self.known)
        return sum(math.log((counts[word] + 1) / total) for word in words if word in self.known)


@cache
def model() -> Bayes:
    """Called first in the node's process, so the worker process never loads it."""
    return Bayes(EXAMPLES)


messages = Pipeline("messages", MessagePosted)


@messages.node(process=True, timeout_seconds=30)
def classify(event: MessagePosted) -> str:
    """A function of a module: its arguments and its output cross to the process as JSON."""
    return model().label(event.text)


@messages.node
async def publish(classify: str) -> bool:
    return classify != "spam"
