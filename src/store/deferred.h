// DeferredStore: a store whose disk may be full or absent: it is opened as soon as that works, and until then returns
// the reason why not.
#pragma once

#include <functional>
#include <memory>

#include "base/units.h"
#include "store/store.h"

namespace nw {

class DeferredStore : public Store {
 public:
  static constexpr Nanos kBetweenTries = seconds(5);
  using Open = std::function<Result<std::unique_ptr<Store>>()>;

  // Tried at once; an error is returned by opened() and by each call until a later try succeeds.
  DeferredStore(Open open, std::function<Nanos()> now);

  Done opened() const { return store_ ? Done() : Done(tl::make_unexpected(why_)); }
  Result<bool> append(const pb::Record& record) override;
  Result<std::vector<pb::Record>> find(const Query& query) override;

 private:
  Done try_open();

  Open open_;
  std::function<Nanos()> now_;
  std::unique_ptr<Store> store_;
  Error why_;
  Nanos tried_{};
};

}  // namespace nw
