// Channel: the reader's side of the shared memory through which measured programs pass their events to `nodewatt run`
// (layout: client/channel_layout.h). An event is the begin or end of a phase, a count of work, or a figure or setting
// that the program states.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/units.h"
#include "client/channel_layout.h"
#include "client/program_event.h"
#include "sensor/sensor.h"

namespace nw {

// Folders for files shared between processes of one user on one machine, best first: $XDG_RUNTIME_DIR, /dev/shm, /tmp.
// All are cleared at reboot and mostly in memory.
std::vector<std::string> shared_folders();

// As nw_energy says how an energy is known.
inline std::uint32_t kind_of_reading(Provenance kind) { return static_cast<std::uint32_t>(kind) + 1; }

// The reader's side. wait() and interrupt() may be called from different threads; take() by the owner alone.
class Channel {
 public:
  // sealed: memory without a file, which nobody can shrink while it is mapped; other processes of this user open it
  // below /proc. file: mode 0600, in the first of the shared folders where that works; under sudo it belongs to the
  // user who called sudo, in a folder that this user can access. Removes there the channel files whose readers were
  // killed: a reader holds a flock on its own while it lives.
  enum class Memory : unsigned char { sealed, file };
  // Sealed memory if possible: under sudo, or where this process has privileges that hide its descriptors, the measured
  // program could not open it.
  static Result<std::unique_ptr<Channel>> create(Memory wanted = Memory::sealed);
  // The daemon's side: takes over memory that a program made and handed over. Malformed when the program could still
  // shrink it, or it is not all there, or of another version. Of a program that linked again, it goes on after the last
  // event that was taken. `memory` stays the caller's unless it is taken over.
  static Result<std::unique_ptr<Channel>> adopt(Fd&& memory);
  ~Channel();  // removes the file
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const std::string& path() const { return path_; }
  int descriptor() const { return file_.get(); }
  // All events written by now, oldest first. Stops before an event that is still being written: the next call gets it.
  std::vector<ProgramEvent> take(std::size_t most = SIZE_MAX);
  // The same at the end of the run: skips an event that is still being written, and counts it as lost.
  std::vector<ProgramEvent> take_rest();
  // Events that did not fit, or whose writers died while writing.
  std::uint64_t lost() const;
  // Adopted memory: whether all of it is still there, for a program may punch holes into it, and what is written there
  // would be allocated in the name of this process. To be called before each take(), which it tells the program of.
  bool look(Nanos now);
  // Adopted memory keeps what was taken until it is given back, so that the next daemon finds what this one had not
  // kept when it was killed; at most half the ring. From position() on nothing was taken.
  void give_back();
  std::uint64_t position() const { return tail_; }
  bool is_drained() const { return tail_ >= header_->head.load(std::memory_order_acquire); }
  void skip_until(std::uint64_t position);  // what an earlier daemon has kept
  // Tells the program that nobody looks any more. Of memory with holes the rest is given up, too: some of it may have
  // been allocated here.
  void close();
  // As the program wrote it: by this it is known again.
  std::uint64_t cookie() const { return header_->cookie; }
  // Whether both are the same memory.
  bool is_same(const Channel& other) const;
  // What a phase was given so far, for the program to ask. Only the newest are kept.
  struct Reading {
    std::uint64_t id;
    std::uint32_t kind;  // 1 measured, 2 derived, 3 attributed, 4 estimated
    double energy_j, uncertainty_j;
    bool ended = false;  // counted to its end
  };
  void publish(const Reading& reading);
  // Whether a program wrote over the channel's header. From then on no event is taken.
  bool damaged() const { return damaged_; }
  // Sleeps until `when`, until a phase begins or ends (if `for_edges`), until a quarter of the ring is filled with new
  // events (kChannelWakeThreshold), or until interrupt(). It does not say which of these woke it.
  void wait(Nanos when, bool for_edges);
  void interrupt();

 private:
  Channel(Memory memory, std::string path, Fd file, ChannelHeader* header);
  Channel(Fd memory, ChannelHeader* header);
  static std::unique_ptr<Channel> create_sealed();
  static Result<std::unique_ptr<Channel>> create_file();
  bool is_whole();
  void find_tail();
  std::size_t read_slots(std::span<ChannelSlot> into, std::uint64_t position);
  std::size_t read_written(std::span<ChannelSlot> into);
  bool skip_stalled(Nanos patience);
  void take_slots(std::vector<ProgramEvent>& events, Nanos patience, std::size_t most);
  void take_overflow_counts(std::vector<ProgramEvent>& events);

  Memory memory_;
  std::string path_;
  Fd file_;                                          // for its lock, or its name below /proc
  std::pair<std::uint64_t, std::uint64_t> inode_{};  // of adopted memory: device, number
  ChannelHeader* header_;
  std::uint64_t tail_ = 0;
  std::uint64_t given_back_ = 0;  // the position up to which the slots are free again
  bool keeps_ = false;
  std::uint64_t skipped_ = 0;
  Nanos stalled_since_{};
  std::atomic<std::uint32_t> interrupted_ = 0;  // a futex word that no program can write
  bool damaged_ = false, holey_ = false;
};

}  // namespace nw
