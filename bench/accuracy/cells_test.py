#!/usr/bin/env python3
"""The bench can fail: what misses a goal is marked and listed, and what is not resolved counts for neither side."""
import json
import unittest

from cells import Cells, table


def run(number, value, half=5.0, name="dcmi_30_cpu", band="10-60 s", history=False, **more):
    row = {"type": name, "order": 0, "number": number, "band": band, "history": history, "learns": name.startswith("dcmi"), "counts": not name.startswith("dcmi"),
           "late": False, "fault": "", "workload": "steady", "duration_s": 30.0, "resolved": value is not None, "whole": True, "methods": {}, "phases": []}
    if value is not None:
        row |= {"value_j": value, "truth_j": 100.0, "sensed_j": 100.0, "half_j": half, "random_j": 1.0, "coverage": 1.0, "counters": False, "outside": False}
    return json.dumps(row | more)


def under(lines, what="runs", history=False, goal="coverage_95"):
    cells = Cells(lines)
    text = table(cells, getattr(cells, what), history, goal)
    return cells, [(u["goal"], u["type"], u["band"]) for u in cells.under], text


class CellsTest(unittest.TestCase):
    def test_what_is_right_is_not_listed(self):
        _, missed, text = under([run(n, 101.0) for n in range(26)])
        self.assertEqual(missed, [])
        self.assertNotIn("✗", text)

    def test_a_cell_outside_its_interval_is_marked_and_listed(self):
        lines = [run(n, 101.0 if n < 20 else 120.0) for n in range(26)]
        _, missed, text = under(lines)
        self.assertEqual(missed, [("coverage_95", "dcmi_30_cpu", "10-60 s"), ("coverage_95", "dcmi_30_cpu", "all"), ("coverage_95", "all", "10-60 s")])
        self.assertIn("**77 % ✗**", text)

    def test_a_good_type_does_not_hide_a_bad_one(self):
        lines = [run(n, 120.0) for n in range(26)] + [run(n, 100.5, name="rapl_cpu", order=1) for n in range(2600)]
        self.assertIn(("coverage_95", "dcmi_30_cpu", "10-60 s"), under(lines)[1])

    def test_what_is_not_resolved_is_neither_inside_nor_outside(self):
        cells, missed, text = under([run(n, 101.0 if n < 20 else None) for n in range(26)])
        self.assertEqual(missed, [])
        self.assertIn("23 % not resolved", text)
        self.assertEqual(cells.cell(cells.runs, False, "dcmi_30_cpu", "10-60 s").coverage, 1)

    def test_the_parts_are_not_the_node(self):
        _, _, text = under([run(n, 101.0, whole=n < 20) for n in range(26)])
        self.assertIn("23 % parts alone", text)

    def test_goals_of_error_and_width(self):
        counters = [run(n, 104.0, half=12.0, name="rapl_cpu") for n in range(26)]
        self.assertEqual(under(counters)[1], [("median_error", "rapl_cpu", "10-60 s"), ("half_width", "rapl_cpu", "10-60 s")])
        self.assertEqual(under([run(n, 104.0, half=12.0) for n in range(26)])[1], [], "without history a minute has no goal of error")
        learned = [run(n, 104.0, half=12.0, history=True) for n in range(26)]
        self.assertEqual(under(learned, history=True)[1],
                         [("median_error_with_history", "dcmi_30_cpu", "10-60 s"), ("half_width_with_history", "dcmi_30_cpu", "10-60 s")])

    def test_no_goal_is_met_by_saying_nothing(self):
        lines = [run(n, 101.0 if n < 11 else None, history=True) for n in range(26)]
        self.assertEqual(under(lines, history=True)[1], [("without_energy_with_history", "dcmi_30_cpu", "10-60 s")])

    def test_phases_have_cells_of_their_own(self):
        phase = {"path": "p0", "duration_s": 3.0, "resolved": True, "whole": True, "value_j": 130.0, "truth_j": 100.0, "sensed_j": 100.0, "half_j": 5.0}
        lines = [run(n, 101.0, phases=[phase]) for n in range(26)] + [run(n, 101.0, band="1-10 s") for n in range(26)]
        self.assertIn(("phase_coverage_95", "dcmi_30_cpu", "1-10 s"), under(lines, "phases", goal="phase_coverage_95")[1])

    def test_runs_with_a_fault_are_apart(self):
        cells, missed, _ = under([run(n, 101.0) for n in range(26)] + [run(n, 200.0, fault="freeze") for n in range(26)])
        self.assertEqual((missed, len(cells.faulty)), ([], 26))


if __name__ == "__main__":
    unittest.main()
