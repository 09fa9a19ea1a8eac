import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: The most lines of a file, and of a function.
FILE_LINES, FUNCTION_LINES = 300, 40


def test_every_file_is_small_enough_to_hold() -> None:
    files = [path for folder in ("src", "tests", "chaos", "bench") for path in ROOT.glob(f"{folder}/**/*.py")]
    assert files
    lengths = {path: len(path.read_text().splitlines()) for path in files}
    assert not {str(path): length for path, length in lengths.items() if length > FILE_LINES}


def test_every_function_is_small_enough_to_hold() -> None:
    too_long = {}
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("chaos/**/*.py"), *ROOT.glob("bench/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    too_long[f"{path}:{node.lineno} {node.name}"] = length
    assert not too_long
