// Rendezvous: where the ranks of a parallel program find each other on their node, one at a time. RankConnection: a
// rank's connection to its sampler.
//
// Ranks meet in a folder of this user alone, <folder>/nodewatt-UID, 0700, under a name made of the program's key:
//   NAME.join    flock held while a rank joins or a rank group's files are removed, so that no two ranks found the same
//                rank group
//   NAME.G.lock  flock that the sampler holds while it lives; the kernel drops it at its death, SIGKILL too
//   NAME.G.sock  where the ranks are connected (SOCK_SEQPACKET); both sides check the other's uid
// A rank takes part in a rank group once: programs that a script runs one after the other in the same ranks have a rank
// group each, side by side (G = 0, 1, ...) where some ranks are faster. Every wait is bounded, and nothing in a folder
// that others may write to is trusted: what is not owned by this user, and closed to others, is refused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "consumer/rank_group.h"

namespace nw {

class RankConnection {
 public:
  struct Ready {
    std::string channel;  // its path; empty: there is none
    bool measures = false;
  };
  // The group id that the records of one command's repeats share.
  const std::string& group() const { return group_; }
  // The sampler has read its sensors: the command may start. Busy when that takes longer than `patience`.
  Result<Ready> await_ready(Nanos patience) const;
  // Reports how the command ended. The last of the rank group gets the sampler's output about the run, every other rank
  // none at once. Absent when the sampler is gone. Returns early when `stop` is true.
  Result<RankReport> leave(const RankEnd& end, Nanos patience, bool (*stop)()) const;

 private:
  friend class Rendezvous;
  RankConnection(Fd socket, std::string group) : socket_(std::move(socket)), group_(std::move(group)) {}
  Fd socket_;
  std::string group_;
};

class Rendezvous {
 public:
  // `folders`: the first that is or can be made this user's own is used. `key`: the program's. Busy when the rendezvous
  // stays locked for longer than `patience`.
  static Result<Rendezvous> enter(const std::vector<std::string>& folders, const std::string& key, Nanos patience);
  // The rendezvous in a folder that is open already.
  static Result<Rendezvous> open(int folder, const std::string& name, Nanos patience);

  // A connection to a living rank group that has not had this rank; nothing when there is none.
  Result<std::optional<RankConnection>> join(std::optional<std::uint32_t> rank, const std::string& group);
  // Founds a rank group, when join() found none.
  Result<RankGroup> found(const std::string& group);
  // Removes the files of a rank group, and the rendezvous's own with those of the last.
  void remove(unsigned generation) const;

 private:
  Rendezvous(Fd folder, Fd lock, std::string name)
      : folder_(std::move(folder)), lock_(std::move(lock)), name_(std::move(name)) {}
  Result<std::optional<RankConnection>> join_at(unsigned generation, const RankMessage& hello) const;

  Fd folder_, lock_;
  std::string name_;
  std::optional<unsigned> free_;  // the lowest generation that is not in use, after join()
};

// Whether the process at the other end of this connection is this user's.
bool is_own_peer(int socket);

}  // namespace nw
