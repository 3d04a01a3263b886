"""A machine without certificates of authorities still reaches its own model and plain HTTP providers."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_client_can_be_built_on_a_machine_that_trusts_nobody(tmp_path: Path) -> None:
    nobody = tmp_path / "none.pem"
    nobody.touch()
    environment = {**os.environ, "SSL_CERT_FILE": str(nobody), "SSL_CERT_DIR": str(tmp_path)}
    program = "from headworks.providers.http import build_client; build_client(1.0)"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
