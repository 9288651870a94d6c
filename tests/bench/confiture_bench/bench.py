"""What all cases share: the servers, fresh projects, and projects full of intents.
SPDX-License-Identifier: MIT
"""
import time

from . import measure


class Bench:
    def __init__(self, machine, quick):
        self.machine = machine
        self.quick = quick
        self.rounds = 1 if quick else 3
        self.seconds = 1 if quick else 4
        self.projects = 0
        self.url = machine.postgres()
        self.address, self.process = machine.server(self.url)
        measure.psql(self.url, measure.PGBENCH_SCHEMA)
        self._etcd = self._bare = self.bare_process = None

    def etcd(self):
        """The address of an etcd; "" where it is not installed."""
        if self._etcd is None:
            self._etcd = self.machine.etcd() or ""
        return self._etcd

    def bare(self):
        if self._bare is None:
            self._bare, self.bare_process = self.machine.bare()
        return self._bare

    def project(self):
        """A fresh project: no intents, and a table prefix that no text seen before has."""
        self.projects += 1
        return {"project": f"bench{self.projects}", "prefix": f"t{self.projects}x"}

    def key(self):
        return self.project()["prefix"]

    def register(self, in_flight, server=None, **options):
        return measure.load("register", server or self.address, in_flight=in_flight, seconds=self.seconds,
                            **self.project(), **options)

    def filled(self, live, server=None, **more):
        """A project with so many live intents; the options for load generators that use it."""
        options = {**self.project(), **more}
        measure.load("register", server or self.address, in_flight=256, count=live, **options)
        return {**options, "live": live}

    def settled_mb(self, process):
        """A server's memory, in full runs once it has given back what the load itself took: it does so in its
        turn, every ten seconds, when connections have gone."""
        if not self.quick:
            time.sleep(12)
        return measure.rss_mb(process.pid)

    def pgbench(self, clients, **options):
        return measure.pgbench(self.url, self.machine.dir, clients, self.seconds, **options)

    def etcd_load(self, kind, **options):
        return measure.load(kind, self.etcd(), in_flight=64, seconds=self.seconds,
                            **{"prefix": self.key(), **options})


def commands(runs):
    """Every measurement's command, by its name."""
    return {name: results[0]["command"] for name, results in runs.items() if "command" in results[0]}
