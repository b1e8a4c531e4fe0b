// The way to the journal and back.
#include <algorithm>

#include "accounting/energy_accounting.h"
#include "accounting/journal_frames.h"

namespace nw {

void Ledger::write(const std::string& boot_id, pb::Books& out) const {
  out.set_boot_id(boot_id);
  out.set_at_ns(last_.value_or(Nanos{}).count());
  out.set_wall_ns(wall_ns_);
  out.set_since_wall_ns(since_wall_ns_);
  write_sweep(sweep_, {}, *out.mutable_sweep());
  for (const Meter& meter : meters_) out.add_sensors(meter.plate().id);
  for (const auto& [serial, job] : jobs_) write_open_job(job, *out.add_jobs());
  for (const Book& book : idle_) write_book(book, *out.mutable_idle()->add_books());
  for (const Book& book : system_) write_book(book, *out.mutable_system()->add_books());
  out.set_jobs_uj(ended_energy_.count());
  out.set_node_uj(node_energy_.count());
  out.set_rest_uj(rest_.count());
  out.set_jobs_ended(ended_jobs_);
  for (const pb::Record& record : ended_) *out.add_ended() = record;
  if (busy_) out.set_busy_ns(busy_->count());
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    out.add_idle_uw(write_power(lowest_[i]));
    out.add_least_uw(write_power(least_[i]));
    out.add_part_uj(parts_[i].count());
  }
}

namespace {
// Books as they were, with their lines in the order of today's sensors: one that has gone has no line any more, one
// that is new begins with nothing.
class Reordered {
 public:
  Reordered(const pb::Books& books, const std::vector<Meter>& meters) {
    for (const Meter& meter : meters) {
      const auto found = std::find(books.sensors().begin(), books.sensors().end(), meter.plate().id);
      from_.push_back(found == books.sensors().end() ? -1 : static_cast<int>(found - books.sensors().begin()));
    }
    most_ = static_cast<std::size_t>(books.sensors_size());
  }
  bool is_same() const {
    if (from_.size() != most_) return false;
    for (std::size_t i = 0; i < from_.size(); ++i)
      if (from_[i] != static_cast<int>(i)) return false;
    return true;
  }
  Book operator()(const Book& book) const {
    Book out(from_.size());
    out.total = book.total;
    out.duration = book.duration;
    for (std::size_t i = 0; i < from_.size(); ++i)
      if (from_[i] >= 0) out.lines[i] = book.lines[static_cast<std::size_t>(from_[i])];
    return out;
  }
  std::vector<Peak> operator()(const std::vector<Peak>& peaks) const {
    std::vector<Peak> out(from_.size());
    for (std::size_t i = 0; i < from_.size(); ++i)
      if (from_[i] >= 0) out[i] = peaks[static_cast<std::size_t>(from_[i])];
    return out;
  }
  int from(std::size_t meter) const { return from_[meter]; }
  std::size_t most() const { return most_; }

 private:
  std::vector<int> from_;
  std::size_t most_ = 0;
};
}  // namespace

void Ledger::resume(const pb::Books& books, const std::string& boot_id, Nanos now) {
  const Reordered reordered(books, meters_);
  const auto read_row = [&](const pb::BookRow& row, Books& into) {
    for (std::size_t p = 0; p < into.size() && p < static_cast<std::size_t>(row.books_size()); ++p)
      into[p] = reordered(read_book(row.books(static_cast<int>(p)), reordered.most()));
  };
  read_row(books.idle(), idle_);
  read_row(books.system(), system_);
  ended_energy_ = Joules::of(books.jobs_uj());
  node_energy_ = Joules::of(books.node_uj());
  rest_ = Joules::of(books.rest_uj());
  ended_jobs_ = books.jobs_ended();
  ended_.assign(books.ended().begin(), books.ended().end());
  since_wall_ns_ = books.since_wall_ns();
  wall_ns_ = books.wall_ns();
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const int from = reordered.from(i);
    if (from < 0) continue;
    if (from < books.part_uj_size()) parts_[i] = Joules::of(books.part_uj(from));
    lowest_[i] = read_power(books.idle_uw(), static_cast<std::size_t>(from));
    least_[i] = read_power(books.least_uw(), static_cast<std::size_t>(from));
  }
  for (const pb::BookJob& in : books.jobs()) {
    OpenJob job = read_open_job(in, reordered.most(), device_names_.size());
    for (Book& book : job.own.by_policy) book = reordered(book);
    for (auto& [id, step] : job.own.steps) step.book = reordered(step.book);
    job.own.loose = reordered(job.own.loose);
    job.own.peaks = reordered(job.own.peaks);
    job.own.until = Nanos::of(books.at_ns());
    job.published = job.own;
    job.anomalies.resize(meters_.size());
    jobs_.emplace(next_++, std::move(job));
  }
  if (books.boot_id() != boot_id || books.at_ns() > now.count() || books.at_ns() < 0) {
    for (auto& [serial, job] : jobs_) close(job, Nanos::of(books.at_ns()), "reboot");
    return finish();
  }
  // The last reading of the process before stands in front of our first: what was counted meanwhile is not lost.
  const Sweep before = read_sweep(books.sweep());
  sweep_.assign(meters_.size(), Sample{Nanos::of(books.at_ns()), Nanos::of(books.at_ns()), {}, 0, Status::absent, {}});
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const int from = reordered.from(i);
    if (from < 0 || static_cast<std::size_t>(from) >= before.size()) continue;
    sweep_[i] = before[static_cast<std::size_t>(from)];
    meters_[i].add(sweep_[i]);
  }
  last_ = settled_at_ = Nanos::of(books.at_ns());
  if (books.has_busy_ns()) busy_ = Nanos::of(books.busy_ns());
  resumed_ = true;
}

}  // namespace nw
