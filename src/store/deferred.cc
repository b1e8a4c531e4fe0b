#include "store/deferred.h"

#include <utility>

#include "record/record.pb.h"

namespace nw {

DeferredStore::DeferredStore(Open open, std::function<Nanos()> now) : open_(std::move(open)), now_(std::move(now)) {
  tried_ = now_() - kBetweenTries;
  try_open();
}

Done DeferredStore::try_open() {
  if (store_) return {};
  const Nanos now = now_();
  if (now - tried_ >= kBetweenTries) {
    tried_ = now;
    auto store = open_();
    if (store)
      store_ = std::move(*store);
    else
      why_ = store.error();
  }
  return opened();
}

Result<bool> DeferredStore::append(const pb::Record& record) {
  NW_CHECK(try_open());
  return store_->append(record);
}

Result<std::vector<pb::Record>> DeferredStore::find(const Query& query) {
  NW_CHECK(try_open());
  return store_->find(query);
}

}  // namespace nw
