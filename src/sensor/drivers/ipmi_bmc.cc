// A controller may return the same answer for a long time: it samples at its own rate. An answer that carries a
// timestamp and has the same bytes as the one before is the same sample, and keeps the time at which it first came;
// where no new one comes for stale_after, the bus has no value any more. So a controller that hangs but still answers
// is detected, and one that measures a steady load is not mistaken for it.
#include "sensor/drivers/ipmi_bmc.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace nw::ipmi {

namespace {
constexpr int kTries = 3;
constexpr Nanos kStaleAfter = seconds(30);

// The real host's clock; no other host runs a round on a real controller.
Nanos now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return Nanos::of(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

struct Latest {
  Bytes answer;
  Reading reading;
};

Reading read(Ipmi& ipmi, const Question& question, Decode decode, Latest& latest) {
  const Nanos before = now();
  auto answer = ipmi.send(question.request, question.deadline);
  const Nanos middle = Nanos::of(before.count() + (now() - before).count() / 2);
  if (!answer) return Reading::none(answer.error().kind);
  const auto value = decode(*answer);
  if (!value) return Reading::none(value.error().kind);
  if (value->dated && *answer == latest.answer) return latest.reading;
  Reading reading = Reading::of(value->raw, value->device);
  reading.taken = middle;
  latest = {std::move(*answer), reading};
  return reading;
}

bool is_busy(const Result<Bytes>& answer) {
  if (!answer) return answer.error().kind == ErrorKind::busy;
  return !answer->empty() && answer->front() != 0 && completion_kind(answer->front()) == ErrorKind::busy;
}
}  // namespace

Bmc::Bmc(Host& host, std::string driver, const IpmiSite& site)
    : host_(host), driver_(std::move(driver)), site_(site), device_(std::make_shared<std::shared_ptr<Ipmi>>()) {}

Done Bmc::open() {
  NW_TRY(host_.ask(driver_ + ":device", [this]() -> Result<std::string> {
    *device_ = NW_TRY(host_.open_ipmi(site_.device));
    return std::string("ok");
  }));
  return {};
}

Result<Bytes> Bmc::ask(const std::string& key, const Question& question) {
  return from_hex(NW_TRY(host_.ask(driver_ + ":" + key, [&]() -> Result<std::string> {
    if (*device_ == nullptr) return fail(ErrorKind::absent, site_.device + ": not open");
    auto answer = (*device_)->send(question.request, question.deadline);
    for (int more = kTries - 1; more > 0 && is_busy(answer); --more)
      answer = (*device_)->send(question.request, question.deadline);
    return to_hex(NW_TRY(std::move(answer)));
  })));
}

Result<std::unique_ptr<Source>> Bmc::poll(const std::string& key, const Question& question, Decode decode) {
  const BusSchedule schedule{site_.period, std::max(kStaleAfter, Nanos::of(3 * site_.period.count()))};
  auto sources = NW_TRY(host_.bind_bus(
      {driver_ + ":" + key}, schedule,
      [ipmi = *device_, question, decode, latest = std::make_shared<Latest>()](std::span<Reading> answers) {
        if (ipmi != nullptr) answers[0] = read(*ipmi, question, decode, *latest);
      }));
  return std::move(sources.front());
}

Nanos Bmc::update_interval(Nanos own) const { return std::max(own, site_.period); }

std::string repair_of(const Error& error, const std::string& device) {
  if (error.kind != ErrorKind::denied) return "";
  return "sudo chgrp energy " + device + " && sudo chmod 0660 " + device;
}

}  // namespace nw::ipmi
