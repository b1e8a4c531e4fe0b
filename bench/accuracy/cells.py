"""The figures of the bench, per node type and band of durations, and the goals that each of them has of its own."""
import json
import math
import statistics

BANDS = [(1, 10, "1-10 s"), (10, 60, "10-60 s"), (60, 600, "1-10 min"), (600, 3600, "10-60 min"), (3600, 36001, "1-10 h")]
LEAST_CELL = 10  # resolved runs of a cell that is judged; fewer show their figure alone

# A cell's coverage is of some 26 runs, so that 80 % is what it may have by chance; over the bands of a type, and over the types of a band, the
# share has to be right.
CELL_COVERAGE, COVERAGE = 0.80, 0.93
COUNTER_ERROR, HALF_WIDTH = 0.03, 0.10
LEARNED_ERROR = {"1-10 s": 0.03, "10-60 s": 0.03, "1-10 min": 0.02, "10-60 min": 0.02, "1-10 h": 0.02}
MOST_WITHOUT = 0.5  # of the runs of a cell with such a goal may have no energy of the node: else it would be met by saying nothing
UNLEARNED_ERROR = {"1-10 min": 0.04, "10-60 min": 0.04, "1-10 h": 0.04}


def median(values):
    return statistics.median(values) if values else math.nan


def percent(x, digits=2):
    return "-" if x is None or math.isnan(x) else f"{100 * x:.{digits if abs(x) < 0.995 else 3}g} %"


def band_of(seconds):
    return next((b[2] for b in BANDS if b[0] <= seconds < b[1]), None)


class Cell:
    """Energies that are compared with the truth: of runs, or of phases."""

    def __init__(self, rows):
        self.rows = rows
        self.resolved = [r for r in rows if r["resolved"] and not r.get("parts_alone")]

    @property
    def coverage(self):
        return sum(r["inside"] for r in self.resolved) / len(self.resolved) if self.resolved else math.nan

    @property
    def not_resolved(self):
        return sum(not r["resolved"] for r in self.rows) / len(self.rows) if self.rows else math.nan

    @property
    def parts_alone(self):
        return sum(r.get("parts_alone", False) for r in self.rows) / len(self.rows) if self.rows else math.nan

    @property
    def without(self):
        return 1 - len(self.resolved) / len(self.rows) if self.rows else math.nan

    @property
    def remarks(self):
        out = [f"{percent(share)} {text}" for share, text in ((self.not_resolved, "not resolved"), (self.parts_alone, "parts alone")) if share > 0]
        return f" ({', '.join(out)})" if out else ""

    @property
    def error(self):
        return median([r["error_of_truth"] for r in self.resolved])

    @property
    def half_width(self):
        return median([r["half_of_value"] for r in self.resolved])


def judge(row):
    """Adds what is derived. A figure that is not resolved is neither inside nor outside; nor is the sum of a node's parts where the node has a
    sensor of its own, which is another figure than that of its cell."""
    if not row["resolved"]:
        return row
    row["parts_alone"] = row["learns"] and not row["whole"]
    truth, value = row["truth_j"], row["value_j"]
    row["inside"] = abs(value - truth) <= row["half_j"]
    row["error_of_truth"] = abs(value - truth) / truth
    row["beyond_gain"] = abs(value - row["sensed_j"]) / truth  # than what the sensors could have said at best
    row["half_of_value"] = row["half_j"] / abs(value) if value else math.inf
    return row


class Cells:
    def __init__(self, lines):
        rows = [json.loads(line) for line in lines]
        self.broken = [r for r in rows if "error" in r] + [p for r in rows for p in r.get("phases", []) if "error" in p]
        self.runs = [judge(r) for r in rows if "type" in r and "error" not in r]
        self.faulty = [r for r in self.runs if r["fault"]]
        self.runs = [r for r in self.runs if not r["fault"]]
        self.phases = [judge(p | {"type": r["type"], "history": r["history"], "learns": r["learns"], "band": band_of(p["duration_s"])})
                       for r in self.runs for p in r["phases"] if "error" not in p]
        self.ratios = [r for r in rows if "ratio_of" in r]
        for r in self.ratios:
            r["type"] = r["ratio_of"]
            if r["resolved"]:
                r |= {"inside": abs(r["value"] - r["truth"]) <= r["half"], "error_of_truth": abs(r["value"] / r["truth"] - 1), "half_of_value": r["half"] / r["value"]}
        self.types = list(dict.fromkeys(r["type"] for r in sorted(self.runs, key=lambda r: r["order"])))
        self.bands = [b[2] for b in BANDS if any(r["band"] == b[2] for r in self.runs)]
        self.learning = {r["type"] for r in self.runs if r["learns"]}
        self.counting = {r["type"] for r in self.runs if r["counts"]}
        self.under = []

    def cell(self, what, history, name=None, band=None):
        return Cell([r for r in what if r["history"] == history and (name is None or r["type"] == name) and (band is None or r["band"] == band)])

    def types_of(self, history):
        return [t for t in self.types if any(r["type"] == t and r["history"] == history for r in self.runs)]

    def miss(self, goal, name, band, figure, wanted, is_under):
        """Whether a figure misses its goal; a cell of too few runs has none."""
        missed = not math.isnan(figure) and (figure < wanted if is_under else figure > wanted)
        entry = {"goal": goal, "type": name or "all", "band": band or "all", "figure": round(figure, 4) if missed else None, "wanted": wanted}
        if missed and entry not in self.under:
            self.under.append(entry)
        return missed

    # ---- the goals, each of a cell

    def misses_coverage(self, goal, cell, name, band):
        if len(cell.resolved) < LEAST_CELL:
            return False
        return self.miss(goal, name, band, cell.coverage, CELL_COVERAGE if name and band else COVERAGE, True)

    def misses_error(self, goal, cell, name, band, history):
        wanted = (COUNTER_ERROR if name in self.counting else None if name not in self.learning or name.endswith("_gauges")
                  else LEARNED_ERROR[band] if history else UNLEARNED_ERROR.get(band))
        if wanted is None:
            return False
        if len(cell.rows) >= LEAST_CELL and self.miss("without_energy" + goal.removeprefix("median_error"), name, band, cell.without, MOST_WITHOUT, False):
            return True
        return len(cell.resolved) >= LEAST_CELL and self.miss(goal, name, band, cell.error, wanted, False)

    def misses_width(self, goal, cell, name, band, history):
        judged = name in self.counting or (name in self.learning and history and not name.endswith("_gauges"))
        return judged and len(cell.resolved) >= LEAST_CELL and self.miss(goal, name, band, cell.half_width, HALF_WIDTH, False)

    # ---- the figures under stable names: {type: {band: figure}}

    def figures(self):
        out = {}
        for history in (False, True):
            tail = "_with_history" if history else ""
            for name, what, get in (("coverage_95", self.runs, lambda c: c.coverage), ("median_error", self.runs, lambda c: c.error),
                                    ("median_error_beyond_gain", self.runs, lambda c: median([r["beyond_gain"] for r in c.resolved])),
                                    ("half_width", self.runs, lambda c: c.half_width), ("not_resolved", self.runs, lambda c: c.not_resolved), ("parts_alone", self.runs, lambda c: c.parts_alone),
                                    ("phase_coverage_95", self.phases, lambda c: c.coverage), ("phase_median_error", self.phases, lambda c: c.error),
                                    ("phase_not_resolved", self.phases, lambda c: c.not_resolved),
                                    ("run_ratio_coverage_95", self.ratios, lambda c: c.coverage), ("run_ratio_half_width", self.ratios, lambda c: c.half_width)):
                out[name + tail] = {t: {b: none_for_nan(get(self.cell(what, history, t, b))) for b in self.bands} for t in self.types_of(history)}
        return out


def none_for_nan(x):
    return None if math.isnan(x) else round(x, 5)


def marked(text, missed):
    return f"**{text} ✗**" if missed else text


def table(cells, what, history, goal):
    """Per node type and band: inside the interval, median error, median half-width. What misses its goal is bold and has a cross."""
    tail = "_with_history" if history else ""
    judge_rest = what is cells.runs
    out = ["| node type | " + " | ".join(cells.bands) + " | inside, all |", "|---|" + "---|" * (len(cells.bands) + 1)]
    for name in cells.types_of(history):
        row = []
        for band in cells.bands:
            cell = cells.cell(what, history, name, band)
            if not cell.rows:
                row.append("-")
                continue
            parts = [marked(percent(cell.coverage), cells.misses_coverage(goal + tail, cell, name, band)),
                     marked(percent(cell.error), judge_rest and cells.misses_error("median_error" + tail, cell, name, band, history)),
                     marked(percent(cell.half_width), judge_rest and cells.misses_width("half_width" + tail, cell, name, band, history))]
            row.append(" / ".join(parts) + cell.remarks)
        whole = cells.cell(what, history, name)
        row.append(marked(percent(whole.coverage), cells.misses_coverage(goal + tail, whole, name, None)) + f" of {len(whole.resolved)}")
        out.append(f"| {name} | " + " | ".join(row) + " |")
    last = []
    for band in cells.bands + [None]:
        cell = cells.cell(what, history, None, band)
        last.append(marked(percent(cell.coverage), band and cells.misses_coverage(goal + tail, cell, None, band)) + f" of {len(cell.resolved)}")
    out.append("| inside, all | " + " | ".join(last) + " |")
    return "\n".join(out)


def beyond_gain(cells):
    """The median error that the sensors' own gain and offset do not explain: that of the arithmetic and of timing."""
    ways = [(history, band) for history in (False, True) for band in cells.bands if any(r["history"] == history for r in cells.runs)]
    out = ["| node type | " + " | ".join(band + (", history" if history else "") for history, band in ways) + " |", "|---|" + "---|" * len(ways)]
    for name in cells.types:
        row = [percent(median([r["beyond_gain"] for r in cells.cell(cells.runs, history, name, band).resolved])) for history, band in ways]
        out.append(f"| {name} | " + " | ".join(row) + " |")
    return "\n".join(out)


def asides(cells):
    """What no cell shows: sensors outside of what they state, late threads, faults."""
    def line(text, rows):
        cell = Cell(rows)
        return f"| {text} | {len(cell.rows)} | {percent(cell.coverage)} | {percent(cell.error)} | {percent(cell.not_resolved)} |"
    runs = [r for r in cells.runs if not r["history"]]
    resolved = Cell(runs).resolved
    parts = [r | {"parts_alone": False} for r in runs if r.get("parts_alone")]
    outside = [r for r in resolved if r["outside"]]
    out = ["| runs | number | inside 95 % | median error | not resolved |", "|---|---|---|---|---|",
           line(f"whose sensors are outside their stated tolerance ({percent(len(outside) / max(len(resolved), 1))})", outside),
           line("whose sensors are inside it", [r for r in resolved if not r["outside"]]),
           line("of a node with a sensor of its own, whose total is that of its parts alone", parts),
           line("whose sampling thread comes up to 1-2 s late", [r for r in runs if r["late"]]),
           line("whose sampling thread is in time", [r for r in runs if not r["late"]]),
           line("with a fault", [r for r in cells.faulty if not r["history"]])]
    return "\n".join(out)
