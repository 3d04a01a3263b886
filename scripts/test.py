"""Run the tests for `make test`: all of them, or what the arguments say to pytest.

All of them run as two processes side by side: those under `tests/e2e`, with their real processes, mostly wait, and
nearly all of the others compute. What the former say is shown when the others are done.
"""

import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest")
APART = "tests/e2e"


def all_tests() -> int:
    """Run both; the first exit code that is not 0."""
    with tempfile.TemporaryFile() as said:
        apart = subprocess.Popen([*PYTEST, APART, "-o", "cache_dir=.pytest_cache/e2e"], stdout=said, stderr=said)
        try:
            code = subprocess.call([*PYTEST, f"--ignore={APART}"])
        finally:  # also on Ctrl-C, which both are told of
            apart_code = apart.wait()
            said.seek(0)
            print(f"\n{APART}, beside them:", flush=True)
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
    return code or apart_code


if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.exit(subprocess.call([*PYTEST, *wanted]) if wanted else all_tests())
