"""The CDN in SimPy as its documentation writes a model: a process a request, which asks, waits and ends.

`cdn.py` is the same model with as few processes as it can have.
"""

import cdn
from cdn import BUCKETS, HIT, OBJECTS, RATE, REGIONS, SLOTS, fetch, report, simulate
from common import Run


class Region(cdn.Region):
    """In `waiting` is the process of each fetch that is under way."""

    def record(self, latency):
        self.total += latency
        self.buckets[min(int(latency * 1e4), BUCKETS - 1)] += 1

    def fill(self, now, thing):
        self.cache[thing] = None
        if len(self.cache) > SLOTS:
            self.cache.popitem(last=False)
        del self.waiting[thing]


def request(env, region, origin, services, thing):
    since = env.now
    region.requests += 1
    if thing in region.cache:
        region.hits += 1
        region.cache.move_to_end(thing)
        yield env.timeout(HIT)
    else:
        if thing not in region.waiting:
            region.fetches += 1
            region.waiting[thing] = env.process(fetch(env, region, origin, services, thing))
        yield region.waiting[thing]
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
