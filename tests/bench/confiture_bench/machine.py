"""A PostgreSQL, a server and an etcd of the benchmark's own, on loopback, gone at its end.
SPDX-License-Identifier: MIT
"""
import contextlib
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = ROOT / "build" / "bin"
TESTS = ROOT / "build" / "tests"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pg_bin(program):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{program}"))
    return found[-1] if found else shutil.which(program)


def as_postgres(command):
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] + command


def wait_for_port(port, process, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not listen on port {port}")


def wait_until(done, otherwise, seconds=60):
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.05)


class Machine:
    """Owns a temporary directory and every process started in it."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="confiture-bench-"))
        self.dir.chmod(0o755)
        self.running = []
        self.clusters = {}  # connection string -> process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            self.stop(process)
        shutil.rmtree(self.dir, ignore_errors=True)

    def stop(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.running:
            self.running.remove(process)

    def start(self, name, command, **options):
        log = open(self.dir / f"{name}.log", "ab")
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, **options)
        self.running.append(process)
        return process

    def postgres(self, name="pg", **settings):
        """Starts a cluster with PostgreSQL's defaults; returns its connection string."""
        data, port = self.dir / name, free_port()
        data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(data, "postgres", "postgres")
        subprocess.run(as_postgres([pg_bin("initdb"), "-D", str(data), "-U", "bench", "-A", "trust",
                                    "--no-sync", "-E", "UTF8", "--no-locale"]),
                       check=True, stdout=subprocess.DEVNULL)
        options = [f"-c{key}={value}" for key, value in settings.items()]
        process = self.start(name, as_postgres([pg_bin("postgres"), "-D", str(data), "-p", str(port),
                                                "-k", "/tmp", *options]))
        wait_for_port(port, process)
        wait_until(lambda: subprocess.run([pg_bin("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode == 0,
                   "PostgreSQL accepts no connections")
        subprocess.run(["psql", "-qX", "-h", "127.0.0.1", "-p", str(port), "-U", "bench", "postgres",
                        "-c", "CREATE DATABASE bench"], check=True)
        url = f"postgresql://bench@127.0.0.1:{port}/bench"
        self.clusters[url] = process
        return url

    def server(self, database_url, name="server"):
        """Starts a confiture-server; returns (address, process)."""
        port = free_port()
        process = self.start(name, [BIN / "confiture-server", "--listen", f"127.0.0.1:{port}",
                                    "--database-url", database_url, "--data-dir", self.dir / f"{name}.d"])
        wait_for_port(port, process)
        return f"127.0.0.1:{port}", process

    def etcd(self):
        """Starts an etcd; returns its client address, or None where it is not installed."""
        if not shutil.which("etcd"):
            return None
        client, peer = free_port(), free_port()
        process = self.start("etcd", [
            "etcd", "--data-dir", self.dir / "etcd", "--log-level", "error",
            "--listen-client-urls", f"http://127.0.0.1:{client}",
            "--advertise-client-urls", f"http://127.0.0.1:{client}",
            "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-cluster", f"default=http://127.0.0.1:{peer}"])
        wait_for_port(client, process)
        return f"127.0.0.1:{client}"

    def bare(self):
        """Starts the bare server; returns (address, process)."""
        port = free_port()
        process = self.start("bare", [TESTS / "bench_bare", f"127.0.0.1:{port}"])
        wait_for_port(port, process)
        return f"127.0.0.1:{port}", process
