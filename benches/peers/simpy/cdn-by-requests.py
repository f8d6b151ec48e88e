"""The CDN in SimPy as its documentation writes a model: a process a request, which asks, waits and ends.

`cdn.py` is the same model with as few processes as it can have.
"""

import random
from collections import OrderedDict

import simpy

from cdn import BUCKETS, HIT, OBJECTS, RATE, REGIONS, SERVERS, SERVICE_RATE, SLOTS, TRIP, quantile_ms
from common import Run, alias_table


class Region:
    """A cache, the fetches that are under way, and what was measured. Times are in seconds."""

    def __init__(self):
        self.cache = OrderedDict()
        self.fetches_under_way = {}
        self.requests = self.hits = self.fetches = 0
        self.total = 0.0
        self.buckets = [0] * BUCKETS

    def record(self, latency):
        self.total += latency
        self.buckets[min(int(latency * 1e4), BUCKETS - 1)] += 1

    def store(self, thing):
        self.cache[thing] = None
        if len(self.cache) > SLOTS:
            self.cache.popitem(last=False)


def fetch(env, region, origin, services, thing):
    yield env.timeout(TRIP)
    with origin.request() as turn:
        yield turn
        yield env.timeout(services.expovariate(SERVICE_RATE))
    yield env.timeout(TRIP)
    region.store(thing)
    del region.fetches_under_way[thing]


def request(env, region, origin, services, thing):
    since = env.now
    region.requests += 1
    if thing in region.cache:
        region.hits += 1
        region.cache.move_to_end(thing)
        yield env.timeout(HIT)
    else:
        if thing not in region.fetches_under_way:
            region.fetches += 1
            region.fetches_under_way[thing] = env.process(fetch(env, region, origin, services, thing))
        yield region.fetches_under_way[thing]
    region.record(env.now - since)


def viewers(env, region, origin, services, law, draws):
    thresholds, aliases = law
    while True:
        yield env.timeout(draws.expovariate(RATE))
        place = draws.random() * OBJECTS
        thing = int(place)
        if place >= thresholds[thing]:
            thing = aliases[thing]
        env.process(request(env, region, origin, services, thing))


def main():
    run = Run()
    law = alias_table([1 / rank for rank in range(1, OBJECTS + 1)])
    env = simpy.Environment()
    origin = simpy.Resource(env, capacity=SERVERS)
    seeds = [10 * run.seed + purpose for purpose in range(REGIONS + 1)]
    services = random.Random(seeds.pop())
    regions = [Region() for _ in range(REGIONS)]
    for region, seed in zip(regions, seeds):
        env.process(viewers(env, region, origin, services, law, random.Random(seed)))
    env.run(until=run.seconds)
    requests = sum(region.requests for region in regions)
    buckets = [sum(counts) for counts in zip(*(region.buckets for region in regions))]
    run.report(
        requests=requests,
        hit_ratio=sum(region.hits for region in regions) / requests,
        fetches=sum(region.fetches for region in regions),
        mean_ms=1e3 * sum(region.total for region in regions) / sum(buckets),
        p99_ms=quantile_ms(buckets, 0.99),
    )


if __name__ == "__main__":
    main()
