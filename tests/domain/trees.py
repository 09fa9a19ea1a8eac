"""Trees and texts by chance."""

from hypothesis import strategies as st

#: Texts as bodies may hold them, half of them in ASCII.
TEXTS = st.text(st.characters(codec="ascii", exclude_characters="\0")) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS

TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)

#: The trees of a document.
ROOTED = st.fixed_dictionaries(
    {root: st.dictionaries(TEXTS, TREES, max_size=4) for root in ("payload", "outputs", "error", "extra")}
)
