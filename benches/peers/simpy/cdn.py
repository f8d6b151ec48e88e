"""The CDN in SimPy: a process for the viewers of each region, a process a fetch, and a resource.

A process a request is the habit, and slower (`cdn-by-requests.py`): hits are finished by the viewers'
process, here as in the other simulators' models.
"""

import random
from collections import OrderedDict

import simpy

from common import Run, alias_table

REGIONS = 5
RATE = 6_000.0
OBJECTS = 1_000_000
SLOTS = 50_000
TRIP = 0.015
SERVERS = 256
SERVICE_RATE = 1 / 0.002
HIT = 0.001
BUCKETS = 10_000


class Region:
    """A cache, what waits for it, and what was measured. Times are in seconds."""

    def __init__(self):
        self.cache = OrderedDict()
        self.waiting = {}
        self.requests = self.hits = self.fetches = 0
        self.total = 0.0
        self.buckets = [0] * BUCKETS

    def fill(self, now, thing):
        buckets = self.buckets
        for since in self.waiting.pop(thing):
            latency = now - since
            self.total += latency
            buckets[min(int(latency * 1e4), BUCKETS - 1)] += 1
        cache = self.cache
        cache[thing] = None
        if len(cache) > SLOTS:
            cache.popitem(last=False)


def fetch(env, region, origin, services, thing):
    yield env.timeout(TRIP)
    with origin.request() as turn:
        yield turn
        yield env.timeout(services.expovariate(SERVICE_RATE))
    yield env.timeout(TRIP)
    region.fill(env.now, thing)


def viewers(env, region, origin, services, law, draws):
    thresholds, aliases = law
    cache, waiting, uniform, gap = region.cache, region.waiting, draws.random, draws.expovariate
    touch, timeout = cache.move_to_end, env.timeout
    while True:
        yield timeout(gap(RATE))
        place = uniform() * OBJECTS
        thing = int(place)
        if place >= thresholds[thing]:
            thing = aliases[thing]
        region.requests += 1
        if thing in cache:
            region.hits += 1
            touch(thing)
        elif thing in waiting:
            waiting[thing].append(env.now)
        else:
            region.fetches += 1
            waiting[thing] = [env.now]
            env.process(fetch(env, region, origin, services, thing))


def quantile_ms(buckets, quantile):
    wanted, seen = quantile * sum(buckets), 0
    for bucket, count in enumerate(buckets):
        seen += count
        if seen >= wanted:
            return (bucket + 1) / 10
    return None


def simulate(seed, seconds, regions, viewers):
    """Runs the processes of the viewers of these regions."""
    law = alias_table([1 / rank for rank in range(1, OBJECTS + 1)])
    env = simpy.Environment()
    origin = simpy.Resource(env, capacity=SERVERS)
    seeds = [10 * seed + purpose for purpose in range(REGIONS + 1)]
    services = random.Random(seeds.pop())
    for region, seed in zip(regions, seeds):
        env.process(viewers(env, region, origin, services, law, random.Random(seed)))
    env.run(until=seconds)


def report(run, regions, unmeasured):
    """The answers, with so many hits that are not in the regions' histograms: hits are all alike."""
    requests = sum(region.requests for region in regions)
    buckets = [sum(counts) for counts in zip(*(region.buckets for region in regions))]
    buckets[int(HIT * 1e4)] += unmeasured
    total = unmeasured * HIT + sum(region.total for region in regions)
    run.report(
        requests=requests,
        hit_ratio=sum(region.hits for region in regions) / requests,
        fetches=sum(region.fetches for region in regions),
        mean_ms=1e3 * total / sum(buckets),
        p99_ms=quantile_ms(buckets, 0.99),
    )


if __name__ == "__main__":
    run = Run()
    regions = [Region() for _ in range(REGIONS)]
    simulate(run.seed, run.seconds, regions, viewers)
    report(run, regions, sum(region.hits for region in regions))
