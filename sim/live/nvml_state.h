// The state of the stand-in for libnvidia-ml, and how its functions read a device's value files. For its two files:
// nvml_library.cc has the library's life, its devices and their sensors, nvml_device.cc all else that is said of a
// device.
//
// Names, types and return codes are those of NVIDIA's public NVML reference. A missing file is returned as not
// supported, one that may not be read as no permission, anything else as unknown.
#pragma once

#include <cstdio>
#include <cstring>

#include "sim/live/value_file.h"

namespace nw::sim::nvml {

constexpr int kSuccess = 0, kUninitialized = 1, kInvalid = 2, kNotSupported = 3, kNoPermission = 4, kNotFound = 6,
              kTooSmall = 7, kDriverNotLoaded = 9, kUnknown = 999;  // kTooSmall: NVML_ERROR_INSUFFICIENT_SIZE
constexpr unsigned kMostGpus = 64;

inline int alive = 0;
inline unsigned gpus = 0;
inline char handles[kMostGpus];  // a device is the index in here

inline int code_of(Answer answer) {
  switch (answer) {
    case Answer::said: return kSuccess;
    case Answer::absent: return kNotSupported;
    case Answer::denied: return kNoPermission;
    case Answer::failed: break;
  }
  return kUnknown;
}

inline int read_text(const char* file, char* out, std::size_t size) {
  return code_of(read_value("nvml", file, out, size));
}

inline int read_number(const char* file, unsigned long long* out) { return code_of(read_value("nvml", file, out)); }

// The index of a device, or -1.
inline int index_of(const void* device) {
  const auto* at = static_cast<const char*>(device);
  return alive > 0 && at >= handles && at < handles + gpus ? static_cast<int>(at - handles) : -1;
}

inline int device_text(const void* device, const char* key, char* out, std::size_t size) {
  const int index = index_of(device);
  if (index < 0) return alive > 0 ? kInvalid : kUninitialized;
  char file[64];
  std::snprintf(file, sizeof file, "%d/%s", index, key);
  return read_text(file, out, size);
}

inline int device_number(const void* device, const char* key, unsigned long long* out) {
  const int index = index_of(device);
  if (index < 0 || out == nullptr) return alive > 0 ? kInvalid : kUninitialized;
  char file[64];
  std::snprintf(file, sizeof file, "%d/%s", index, key);
  return read_number(file, out);
}

inline int device_number(const void* device, const char* key, unsigned* out) {
  unsigned long long wide = 0;
  const int code = device_number(device, key, &wide);
  if (code == kSuccess) *out = static_cast<unsigned>(wide);
  return code;
}

inline int copy(const void* device, const char* key, char* out, unsigned size) {
  char text[128];
  const int code = device_text(device, key, text, sizeof text);
  if (code != kSuccess) return code;
  if (std::strlen(text) >= size) return kTooSmall;
  std::snprintf(out, size, "%s", text);
  return kSuccess;
}

}  // namespace nw::sim::nvml
