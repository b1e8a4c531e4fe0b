// A fake libze_loader: the functions of Sysman that nodewatt calls, for GPUs that environment variables describe.
// Offsets are written out as numbers, so that they check nodewatt's declarations and do not share them.
//
//   FAKE_ZE_GPUS=2            how many GPUs (default 1), one driver for each two
//   FAKE_ZE_INIT=2013265921   what zesInit returns
//   FAKE_ZE_DOMAINS=01        power domains, one letter each: c card, p package, s stack on a subdevice, u unnamed
//                             (default "spc")
//   FAKE_ZE_INTEGRATED=1      this GPU is a CPU's
//   FAKE_ZE_ENERGY=...        what reading the energy returns
//   FAKE_ZE_WATTS=400         the power of the card; package 300, stack 100, unnamed 200
//   FAKE_ZE_ENGINES=ac        engine groups, one letter each: a all, c compute, s all of a stack (default "ca")
//   FAKE_ZE_BUSY=25           how busy all engines are, percent;   FAKE_ZE_ACTIVITY=... what asking for it returns
// Compiled with FAKE_ZE_OLD it has no zesInit.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {
constexpr unsigned kSuccess = 0, kInvalid = 0x78000004;

long variable(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtol(text, nullptr, 10) : otherwise;
}
std::string engines() {
  const char* text = std::getenv("FAKE_ZE_ENGINES");
  return text != nullptr ? text : "ca";
}
std::string domains() {
  const char* text = std::getenv("FAKE_ZE_DOMAINS");
  return text != nullptr ? text : "spc";
}
unsigned gpus() { return static_cast<unsigned>(variable("FAKE_ZE_GPUS", 1)); }

void* handle_of(unsigned number) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(number + 1)); }
unsigned number_of(void* handle) { return static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(handle)) - 1; }

unsigned list(unsigned first, unsigned n, unsigned* count, void** handles) {
  for (unsigned i = 0; handles != nullptr && i < n && i < *count; ++i) handles[i] = handle_of(first + i);
  return *count = n, kSuccess;
}

template <class T>
void put(void* structure, std::size_t offset, const T& value) {
  std::memcpy(static_cast<char*>(structure) + offset, &value, sizeof value);
}
unsigned type_of(const void* structure) {
  unsigned type = 0;
  std::memcpy(&type, structure, sizeof type);
  return type;
}
}  // namespace

extern "C" {

#ifndef FAKE_ZE_OLD
unsigned zesInit(unsigned flags) {
  return flags != 0 ? kInvalid : static_cast<unsigned>(variable("FAKE_ZE_INIT", kSuccess));
}
#endif

unsigned zesDriverGet(unsigned* count, void** drivers) { return list(0, (gpus() + 1) / 2, count, drivers); }

unsigned zesDeviceGet(void* driver, unsigned* count, void** devices) {
  const unsigned first = number_of(driver) * 2;
  return list(first, gpus() - first < 2 ? 1 : 2, count, devices);
}

unsigned zesDeviceGetProperties(void* device, void* properties) {
  if (type_of(properties) != 0x1) return kInvalid;
  auto* bytes = static_cast<char*>(properties);
  put(bytes, 16 + 28, variable("FAKE_ZE_INTEGRATED", -1) == static_cast<long>(number_of(device)) ? 1u : 0u);
  std::memset(bytes + 16 + 96, 0, 16);
  bytes[16 + 96] = static_cast<char>(0xe0);
  bytes[16 + 96 + 15] = static_cast<char>(number_of(device) + 1);
  std::snprintf(bytes + 16 + 112, 256, "Intel(R) Data Center GPU Max 1550");
  std::snprintf(bytes + 16 + 368 + 4 + 5 * 64, 64, "1.3.29735");
  return kSuccess;
}

unsigned zesDevicePciGetProperties(void* device, void* properties) {
  if (type_of(properties) != 0x2) return kInvalid;
  const unsigned address[4] = {0, 0x29 + number_of(device), 0, 0};
  put(properties, 16, address);
  return kSuccess;
}

// A domain's handle: its device's number, and its place.
unsigned zesDeviceEnumPowerDomains(void* device, unsigned* count, void** handles) {
  return list(number_of(device) * 16, static_cast<unsigned>(domains().size()), count, handles);
}

static char domain_of(void* power) { return domains().at(number_of(power) % 16); }

unsigned zesPowerGetProperties(void* power, void* properties) {
  if (type_of(properties) != 0xd) return kInvalid;
  const char domain = domain_of(power);
  put(properties, 16, static_cast<std::uint8_t>(domain == 's'));
  put(properties, 28, 600'000);
  void* next = nullptr;
  std::memcpy(&next, static_cast<char*>(properties) + 8, sizeof next);
  if (domain != 'u' && next != nullptr && type_of(next) == 0x28)
    put(next, 16, domain == 'c' ? 1 : domain == 'p' ? 2 : 3);
  return kSuccess;
}

unsigned zesPowerGetEnergyCounter(void* power, void* counter) {
  if (const long code = variable("FAKE_ZE_ENERGY", 0); code != 0) return static_cast<unsigned>(code);
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::uint64_t us =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
  const char domain = domain_of(power);
  const long watts = domain == 'c' ? variable("FAKE_ZE_WATTS", 400) : domain == 'p' ? 300 : domain == 's' ? 100 : 200;
  put(counter, 0, us * static_cast<std::uint64_t>(watts));
  put(counter, 8, us);
  return kSuccess;
}

unsigned zesDeviceEnumEngineGroups(void* device, unsigned* count, void** handles) {
  return list(number_of(device) * 16, static_cast<unsigned>(engines().size()), count, handles);
}

unsigned zesEngineGetProperties(void* engine, void* properties) {
  if (type_of(properties) != 0x5) return kInvalid;
  const char group = engines().at(number_of(engine) % 16);
  put(properties, 16, group == 'c' ? 1 : 0);
  put(properties, 20, static_cast<std::uint8_t>(group == 's'));
  return kSuccess;
}

unsigned zesEngineGetActivity(void*, void* stats) {
  if (const long code = variable("FAKE_ZE_ACTIVITY", 0); code != 0) return static_cast<unsigned>(code);
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::uint64_t us =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
  put(stats, 0, us * static_cast<std::uint64_t>(variable("FAKE_ZE_BUSY", 25)) / 100);
  put(stats, 8, us);
  return kSuccess;
}

}  // extern "C"
