// A program that marks phases as none should, over the C ABI; for tests/e2e/storm.sh.
//
//   phase_storm rapid N [PAUSE_NS]   N phases of one name with a unit of work each, as fast as they go or with a pause
//   phase_storm names N              N phases of N names
//   phase_storm leak N               N phases that never end
//   phase_storm wrong                ended twice, never begun, work that is no number, none, and none at all
//   phase_storm hostile              names and units that are no names for a report
#include <nodewatt/nodewatt.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

void rapid(long count, long pause_ns) {
  using Clock = std::chrono::steady_clock;
  for (long i = 0; i < count; ++i) {
    const nw_phase_id id = nw_phase_begin("step");
    nw_work(nullptr, 1, "sample");
    for (const auto end = Clock::now() + std::chrono::nanoseconds(pause_ns); pause_ns > 0 && Clock::now() < end;) {
    }
    nw_phase_end(id);
  }
}

void names(long count) {
  for (long i = 0; i < count; ++i) {
    nw_phase_end(nw_phase_begin(("step " + std::to_string(i)).c_str()));
    if (i % 1000 == 0) ::usleep(1000);
  }
}

void leak(long count) {
  for (long i = 0; i < count; ++i) {
    nw_phase_begin("left open");
    if (i % 1000 == 0) ::usleep(1000);
  }
}

void wrong() {
  const nw_phase_id twice = nw_phase_begin("twice");
  ::usleep(300'000);
  nw_phase_end(twice);
  nw_phase_end(twice);
  nw_phase_end(twice + 12345);  // of this process, never begun
  nw_phase_end(1);              // of another
  const nw_phase_id id = nw_phase_begin("work");
  for (const double bad : {std::nan(""), -1.0, HUGE_VAL, -HUGE_VAL}) nw_work(nullptr, bad, "bad");
  nw_work(nullptr, 0, "zero");
  nw_work(nullptr, 1e300, "much");
  nw_work(nullptr, 5e-324, "little");
  nw_figure("nan", std::nan(""));
  ::usleep(300'000);
  nw_phase_end(id);
  nw_phase_begin("never ended");
}

void hostile() {
  for (const char* name : {"=cmd|' /C calc'!A0", "<script>alert(1)</script>", "\\input{/etc/passwd} $x^2$ 100% & #_~",
                           "\x1b[2J\x1b]0;title\x07 cleared", "a\nb\rc\td", "\xff\xfe not UTF-8",
                           "\xe2\x80\xae"
                           "rtl",
                           "a/b", "\"quoted\", 'too'", "{\"json\": null}", "-1+1", "@SUM(A1)", "&amp;<b>",
                           "\x7f\xc2\x9b"
                           "31m",
                           "</style><svg onload=alert(1)>", "| pipe | table |", "`code` **bold** [a](javascript:x)"}) {
    const nw_phase_id id = nw_phase_begin(name);
    nw_work(nullptr, 3, name);
    ::usleep(20'000);
    nw_phase_end(id);
    nw_figure(name, 1.5);
    nw_setting(name, name);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const long count = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 0;
  if (what == "rapid") rapid(count, argc > 3 ? std::strtol(argv[3], nullptr, 10) : 0);
  if (what == "names") names(count);
  if (what == "leak") leak(count);
  if (what == "wrong") wrong();
  if (what == "hostile") hostile();
  return nw_measuring() == 1 ? 0 : 1;
}
