"""What comparisons say of pairs of sides whose ratio is known: coverage, width, and how often a difference is called clear."""
import json
import math
import statistics

WHERES = ["one node", "two nodes of a type", "two node types"]
REPEATS = [1, 2, 3, 5]
LEAST_PAIRS = 200  # of a cell that counts for the worst


def percent(x, digits=3):
    return "-" if x is None or math.isnan(x) else f"{100 * x:.{digits}g} %"


class Ratios:
    def __init__(self, lines):
        rows = [json.loads(line) for line in lines]
        self.broken = [r for r in rows if "error" in r]
        self.skipped = [r for r in rows if "skipped" in r]
        self.rows = [r for r in rows if "ratio" in r]
        for r in self.rows:
            r["inside"] = abs(r["ratio"] - r["truth"]) <= r["half"]
            r["apart"] = abs(r["truth"] - 1)

    def pick(self, where=None, n=None):
        return [r for r in self.rows if (where is None or r["where"] == where) and (n is None or r["n"] == n)]

    @staticmethod
    def covered(rows):
        return sum(r["inside"] for r in rows) / len(rows) if rows else math.nan

    @staticmethod
    def width(rows):
        return statistics.median(r["half"] / r["ratio"] for r in rows) if rows else math.nan

    def called_clear(self, n, least, most):
        rows = [r for r in self.pick(n=n) if least <= r["apart"] < most]
        return sum(r["clear"] for r in rows) / len(rows) if rows else math.nan

    def wrong_way(self, n):
        rows = self.pick(n=n)
        return sum(r["clear"] and (r["ratio"] > 1) != (r["truth"] > 1) for r in rows) / len(rows) if rows else math.nan

    def goals(self):
        cells = [self.pick(where, n) for where in WHERES for n in REPEATS]
        cells = [self.covered(cell) for cell in cells if len(cell) >= LEAST_PAIRS]
        whole = self.covered(self.rows)
        return {"ratio_coverage_95": None if math.isnan(whole) else whole, "worst_ratio_coverage_95": min(cells, default=None)}

    def table(self):
        out = ["| variants | " + " | ".join(f"{n} run{'s' if n > 1 else ''} each" for n in REPEATS) + " | all |", "|---|" + "---|" * (len(REPEATS) + 1)]
        for where in WHERES + [None]:
            cells = [self.pick(where, n) for n in REPEATS + [None]]
            out.append(f"| {where or 'all'}: inside 95 % | " + " | ".join(f"{percent(self.covered(c))} of {len(c)}" for c in cells) + " |")
            out.append(f"| {where or 'all'}: half-width | " + " | ".join(percent(self.width(c), 2) for c in cells) + " |")
        for least, most, text in ((0, 0.001, "called clear, truths under 0.1 % apart"), (0.05, math.inf, "called clear, truths over 5 % apart")):
            out.append(f"| {text} | " + " | ".join(percent(self.called_clear(n, least, most)) for n in REPEATS + [None]) + " |")
        out.append("| called clear, and the other variant is larger | " + " | ".join(percent(self.wrong_way(n)) for n in REPEATS + [None]) + " |")
        return "\n".join(out)


def section(ratios):
    return f"""## Ratios

What `compare` says of two variants, compared with what is known of them: coverage of the ratio's 95 % interval, the interval's median half-width
relative to the ratio, and how often a difference is called clear. {len(ratios.rows)} comparisons over loads of 1 s to 30 min without faults, all by `nw::compare`
over records that the production code made ({len(ratios.skipped)} more were not ranked: the coverage of a run is under 95 %).

- *one node*: the same gains, offsets and clocks in both variants; *two nodes of a type*: each its own; *two node types*: with totals that take in the same.
- Four of ten pairs have one load in both variants. Repeats differ by lognormal factors of power and time, together 0.3 to 3 % (each variant draws its own),
  and by all that is random in them: stalls, noise, and where a run begins between two refreshes.
- The truth of single runs is the ratio of what these runs took; of repeats, of the means of what they were drawn from. So the interval of repeats
  has to include what other runs would have taken, and with two runs each Student's factor makes it wide.

{ratios.table()}

A single run on one node knows the ratio of these two runs to parts in a thousand; it is never called clear, since it says nothing of further runs.
How often many variants that are alike are called clear: [verdicts.md](verdicts.md). What remains: a run that stalls once in twenty is not known from five runs that did not, and five short training
runs miss their mean by that. A single run's random uncertainty is a little too large, since a load in step with a sensor is allowed for and seldom met.
The start and end terms of several GPUs are taken as independent though they share those of the run, which makes the intervals of sums of counters a little too narrow within a minute.
"""
