// C++ over nodewatt.h: a phase is a scope.
//
//     { nw::Phase epoch("epoch"); train(); nw::work(512, "sample"); }
//
// Header only; needs C++17 and the C library. Thread-safety, cost and meaning are those of nodewatt.h.
#pragma once

#include <nodewatt/nodewatt.h>

#include <string>
#include <utility>

namespace nw {

// Begun when made, ended when destroyed or by end(), whichever comes first. Movable, not copyable.
class Phase {
 public:
  explicit Phase(const char* name) noexcept : id_(nw_phase_begin(name)) {}
  explicit Phase(const std::string& name) noexcept : Phase(name.c_str()) {}
  Phase(Phase&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  Phase& operator=(Phase&& other) noexcept {
    if (this != &other) {
      end();
      id_ = std::exchange(other.id_, 0);
    }
    return *this;
  }
  Phase(const Phase&) = delete;
  Phase& operator=(const Phase&) = delete;
  ~Phase() { end(); }

  void end() noexcept {
    if (id_ != 0) nw_phase_end(std::exchange(id_, 0));
  }

 private:
  nw_phase_id id_;
};

// Work done in the calling thread's innermost open phase: work(512, "sample").
inline void work(double count, const char* unit) noexcept { nw_work(nullptr, count, unit); }

// A figure of merit of the run, kept beside its energy: figure("dice", 0.73).
inline void figure(const char* name, double value) noexcept { nw_figure(name, value); }

// How the program is set up, kept with the run: setting("batch_size", "256").
inline void setting(const char* key, const char* value) noexcept { nw_setting(key, value); }

}  // namespace nw
