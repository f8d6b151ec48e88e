"""The CDN in SimPy as its documentation writes a model: a process a request, which asks, waits and ends.

`cdn.py` is the same model with as few processes as it can have.
"""

from collections import OrderedDict

from cdn import BUCKETS, HIT, OBJECTS, RATE, REGIONS, SERVICE_RATE, SLOTS, TRIP, report, simulate
from common import Run


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


if __name__ == "__main__":
    run = Run()
    regions = [Region() for _ in range(REGIONS)]
    simulate(run.seed, run.seconds, regions, viewers)
    report(run, regions, unmeasured=0)
