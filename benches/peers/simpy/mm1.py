"""M/M/1 in SimPy, as its documentation does it: a process a customer and a resource."""

import random

import simpy

from common import Run

GAP = 1 / 40
SERVICE = 0.020


def customer(env, server, service, sojourns):
    came = env.now
    with server.request() as turn:
        yield turn
        yield env.timeout(service)
    sojourns.append(env.now - came)


def customers(env, server, seed, sojourns):
    gaps, services = random.Random(2 * seed), random.Random(2 * seed + 1)
    while True:
        yield env.timeout(gaps.expovariate(1 / GAP))
        env.process(customer(env, server, services.expovariate(1 / SERVICE), sojourns))


class Sojourns:
    """A sum and a count, not a list of millions."""

    def __init__(self):
        self.count = 0
        self.total = 0.0

    def append(self, sojourn):
        self.count += 1
        self.total += sojourn


def main():
    run = Run()
    env = simpy.Environment()
    sojourns = Sojourns()
    env.process(customers(env, simpy.Resource(env, capacity=1), run.seed, sojourns))
    env.run(until=run.seconds)
    run.report(served=sojourns.count, mean_sojourn_ms=1e3 * sojourns.total / sojourns.count)


if __name__ == "__main__":
    main()
