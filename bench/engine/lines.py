"""How large the engine is: lines of code as tools/check_sizes counts them, without tests, comments and blanks."""
import importlib.machinery
import importlib.util
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = "consumer", "accounting", "record", "client", "apps/noded"


def load_sizes():
    loader = importlib.machinery.SourceFileLoader("check_sizes", str(ROOT / "tools/check_sizes"))
    loader_of = importlib.util.spec_from_loader("check_sizes", loader)
    module = importlib.util.module_from_spec(loader_of)
    loader.exec_module(module)
    return module


def lines(*_):
    sizes = load_sizes()
    counts = dict.fromkeys(FOLDERS, 0)
    for path in sizes.list_files(ROOT):
        kind, name = sizes.kind_of(path), path.relative_to(ROOT).as_posix()
        folder = next((each for each in FOLDERS if name.startswith(f"src/{each}/")), None)
        if kind and folder and "_test" not in path.name:
            counts[folder] += sizes.count_code(kind, path.read_text(errors="replace"))
    print("lines of code:", ", ".join(f"{folder} {count}" for folder, count in counts.items()))
    return {"engine_lines": sum(counts.values())}, 0
