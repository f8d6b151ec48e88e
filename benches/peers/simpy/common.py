"""Arguments in, one line of JSON out; and the alias table of a discrete law."""

import argparse
import json
import resource


class Run:
    """What to run."""

    def __init__(self):
        parser = argparse.ArgumentParser()
        parser.add_argument("--seconds", type=int, required=True)
        parser.add_argument("--seed", type=int, required=True)
        words = parser.parse_args()
        self.seconds, self.seed = words.seconds, words.seed

    def report(self, **answers):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"seconds": self.seconds, "seed": self.seed, **answers, "peak_kb": peak}))


def alias_table(weights):
    """Thresholds and aliases (Walker 1974, Vose 1991): with u uniform on 0..n, i is its whole part,
    and the rank is i when u is below thresholds[i], which is i plus a share, and aliases[i] otherwise.
    """
    n = len(weights)
    scale = n / sum(weights)
    shares = [weight * scale for weight in weights]
    thresholds = [rank + 1.0 for rank in range(n)]
    aliases = list(range(n))
    poor = [rank for rank in range(n) if shares[rank] < 1.0]
    rich = [rank for rank in range(n) if shares[rank] >= 1.0]
    while poor and rich:
        rank, donor = poor.pop(), rich[-1]
        thresholds[rank] = rank + shares[rank]
        aliases[rank] = donor
        shares[donor] -= 1.0 - shares[rank]
        if shares[donor] < 1.0:
            poor.append(rich.pop())
    return thresholds, aliases
