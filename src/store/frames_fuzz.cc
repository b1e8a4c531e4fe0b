// Any bytes: the reader ends, keeps its offset within them, and writing what it returned gives the same bytes again.
#include <cstdlib>

#include "store/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const auto frames = nw::read_frames(nw::bytes_of_memory(input), "input");
  if (frames.end.offset > size) std::abort();
  if ((frames.end.stop == nw::Stop::clean) != (frames.end.offset == size && size > 0)) std::abort();
  std::string again(frames.end.offset > 0 ? nw::kFramesMagic : "");
  for (const auto& payload : frames.payloads) again += nw::make_frame(payload).value();
  if (again != input.substr(0, frames.end.offset)) std::abort();
  return 0;
}
