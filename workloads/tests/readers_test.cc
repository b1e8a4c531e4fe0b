// What the readers and the command line accept, and the line they answer to everything else. No LibTorch in here.
#include "../common/checkpoint.h"
#include "../common/csv.h"
#include "../common/nifti.h"
#include "../common/options.h"
#include "../common/rdb.h"
#include "../forecasting/series.h"
#include "../segmentation/brain.h"
#include "../segmentation/dice.h"
#include "expect.h"
#include "samples.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

using namespace nw::workload;

namespace {

std::filesystem::path scratch() {
  static const std::filesystem::path folder = [] {
    std::string name = (std::filesystem::temp_directory_path() / "nodewatt-readers-XXXXXX").string();
    return std::filesystem::path(mkdtemp(name.data()));
  }();
  return folder;
}

Bytes cut(const Bytes& bytes, std::size_t from_end) {
  return {bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(from_end)};
}

template <class T>
Bytes with(Bytes bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

void test_nifti_values() {
  const Bytes voxels{0, 1, 2, 3, 4, 255};
  const auto file = make_nifti({3, 2, 1}, 2, voxels);
  for (const auto& form : {file, pack_gzip(file)}) {
    const auto volume = parse_nifti(form);
    EXPECT(volume && volume->size == (std::array<int, 3>{3, 2, 1}));
    EXPECT(volume && volume->voxels == (std::vector<float>{0, 1, 2, 3, 4, 255}));
  }
  const auto scaled = parse_nifti(with(with(file, 112, 2.0f), 116, -1.0f));
  EXPECT(scaled && scaled->voxels[5] == 509);
  const auto shorts = parse_nifti(make_nifti({3, 1, 1}, 4, voxels));
  EXPECT(shorts && shorts->voxels[0] == 256 && shorts->voxels[2] == -252);
}

void test_nifti_errors() {
  const Bytes voxels(6);
  const auto file = make_nifti({3, 2, 1}, 2, voxels);
  EXPECT_ERROR(parse_nifti({}), "shorter than a NIfTI header");
  EXPECT_ERROR(parse_nifti(bytes_of("no image at all")), "shorter than a NIfTI header");
  EXPECT_ERROR(parse_nifti(Bytes(400, 'x')), "is not a NIfTI file");
  EXPECT_ERROR(parse_nifti(cut(file, 1)), "ends before its last voxel");
  EXPECT_ERROR(parse_nifti(cut(pack_gzip(file), 12)), "end too early");
  EXPECT_ERROR(parse_nifti(pack_gzip(cut(file, 1))), "ends before its last voxel");
  EXPECT_ERROR(parse_nifti(with(file, 0, std::int32_t{540})), "NIfTI-2");
  EXPECT_ERROR(parse_nifti(with(file, 0, std::int32_t{0x5c010000})), "big-endian");
  EXPECT_ERROR(parse_nifti(with(file, 344, std::uint32_t{0x0031696e})), "another file");
  EXPECT_ERROR(parse_nifti(with(file, 40, std::int16_t{2})), "rank 2");
  EXPECT_ERROR(parse_nifti(with(file, 42, std::int16_t{-3})), "size -3");
  EXPECT_ERROR(parse_nifti(with(with(file, 42, std::int16_t{32767}), 44, std::int16_t{32767})), "67 million");
  EXPECT_ERROR(parse_nifti(with(file, 70, std::int16_t{1792})), "datatype 1792");
  EXPECT_ERROR(parse_nifti(with(file, 108, -1e30f)), "voxel offset");
  EXPECT_ERROR(parse_nifti(with(file, 112, std::numeric_limits<float>::quiet_NaN())), "scaling");
  const Bytes not_a_number{0, 0, 0xc0, 0x7f};
  EXPECT_ERROR(parse_nifti(make_nifti({1, 1, 1}, 16, not_a_number)), "not a finite number");
  EXPECT_ERROR(read_nifti("/nonexistent/ch2.nii.gz"), "/nonexistent/ch2.nii.gz: cannot open: No such file");
  EXPECT_ERROR(read_nifti("/"), "is a folder");
  EXPECT_ERROR(read_nifti("/dev/null"), "is empty");
}

void test_rdb() {
  const std::vector<std::vector<double>> vectors{{1.5, -2, 1e300}, {7}};
  const auto file = make_rdb(vectors);
  const auto read = parse_rdb(file);
  EXPECT(read && *read == vectors);
  const auto whole = parse_rdb(make_rdb({{1, -5}}, true));
  EXPECT(whole && *whole == (std::vector<std::vector<double>>{{1, -5}}));
  const auto other = parse_rdb([] {
    Bytes chunk{0, 0, 0, 3};
    const auto packed = pack_zlib(bytes_of("A\nB"));
    chunk.insert(chunk.end(), packed.begin(), packed.end());
    return chunk;
  }());
  EXPECT(other && other->empty());
  EXPECT_ERROR(parse_rdb(cut(file, 3)), "end too early");
  EXPECT_ERROR(parse_rdb(Bytes{0, 0}), "chunk's head");
  EXPECT_ERROR(parse_rdb(bytes_of("garbage, long enough to be read")), "no R data base");
  EXPECT_ERROR(parse_rdb(Bytes(40)), "damaged");
  EXPECT_ERROR(parse_rdb(Bytes{0, 0, 1, 0, '2', 'B', 'Z'}), "bzip2 or xz");
  EXPECT_ERROR(parse_rdb(with(file, 3, std::uint8_t{9})), "not as long as announced");
  EXPECT_ERROR(read_rdb("/nonexistent/Rdata.rdb"), "/nonexistent/Rdata.rdb: cannot open");
}

void test_csv() {
  const auto values = [](const char* text) {
    const auto read = parse_csv_column(text);
    return read ? *read : std::vector<double>{};
  };
  EXPECT(values("1\n2\n3\n") == (std::vector<double>{1, 2, 3}));
  EXPECT(values("time,Demand,temperature\na,1.5,20\nb,2e3,21\n") == (std::vector<double>{1.5, 2000}));
  EXPECT(values("\xef\xbb\xbf\"when\";\"mw\"\r\n\"x;y\";\"7\"\r\n\r\n# end\r\n\"z\";\"8\"") ==
         (std::vector<double>{7, 8}));
  EXPECT_ERROR(parse_csv_column(""), "holds no numbers");
  EXPECT_ERROR(parse_csv_column("one,two\nthree,four\n"), "line 2: 'four' in column 2 is not a number");
  EXPECT_ERROR(parse_csv_column("a,b\n1,2\n3\n"), "line 3: 1 fields where the first line has 2");
  EXPECT_ERROR(parse_csv_column("a,b\n1,2\n3,\n"), "line 3: '' in column 2 is not a number");
  EXPECT_ERROR(parse_csv_column("1\nnan\n"), "line 2");
  EXPECT_ERROR(parse_csv_column("1\n1e999\n"), "line 2");
  EXPECT_ERROR(parse_csv_column("a;b\n1;2,5\n"), "line 2: '2,5'");
  EXPECT_ERROR(read_csv_column("/dev/null"), "/dev/null: is empty");
}

void test_series() {
  const auto write = [](const char* name, const Bytes& bytes) {
    const auto path = scratch() / name;
    EXPECT(static_cast<bool>(write_file(path, bytes)));
    return path;
  };
  std::vector<double> load(84 * kDay);
  for (std::size_t i = 0; i < load.size(); ++i) load[i] = 1000 + static_cast<double>(i % kWeek);
  const auto taylor = load_series(write("Rdata.rdb", make_rdb({{1, 2}, load})));
  EXPECT(taylor && taylor->taylor && taylor->load == load);
  if (taylor) {
    const auto split = split_of(*taylor, false);
    EXPECT(split.judge_begin == 56 * kDay && split.judged_days() == 28 && split.train_end == split.judge_begin);
    const auto early = split_of(*taylor, true);
    EXPECT(early.judge_begin == 42 * kDay && early.judge_end == split.judge_begin &&
           early.train_end == early.judge_begin);
    EXPECT(compute_quality(*taylor, split, forecast_by_lag(*taylor, split, kWeek)).mape_percent == 0);
    EXPECT(compute_quality(*taylor, split, forecast_by_lag(*taylor, split, kDay)).mae > 47);
  }
  EXPECT_ERROR(load_series(write("other.rdb", make_rdb({{1, 2}}))), "holds no vector of 4032 half-hours");
  EXPECT_ERROR(load_series(write("short.csv", bytes_of("demand\n5\n6\n"))), "0 whole days");
  std::string negative;
  for (int i = 0; i < 84 * kDay; ++i) negative += i == 100 ? "-1\n" : "5\n";
  EXPECT_ERROR(load_series(write("negative.csv", bytes_of(negative))), "value 101 is -1");
}

void test_brain() {
  const int x = 65, y = 64, z = 64;
  Bytes head(x * y * z, 100), regions(head.size()), brain(head.size());
  for (std::size_t i = 0; i < regions.size(); ++i) {
    regions[i] = std::array<std::uint8_t, 5>{0, 1, 37, 91, 0}[i / (x * y) * 5 / z];
    brain[i] = i / (x * y) > 52;
  }
  const auto write = [](const char* name, const Bytes& bytes) {
    return static_cast<bool>(write_file(scratch() / name, bytes));
  };
  EXPECT(write("ch2.nii.gz", pack_gzip(make_nifti({x, y, z}, 2, head))));
  EXPECT(write("aal.nii.gz", pack_gzip(make_nifti({x, y, z}, 2, regions))));
  EXPECT(write("ch2bet.nii.gz", make_nifti({x, y, z}, 2, brain)));
  const auto whole = load_brain(scratch(), true);
  EXPECT(whole && whole->left.size == (std::array<int, 3>{16, 32, 32}));
  EXPECT(whole && whole->left.labels == whole->right_mirrored.labels && whole->left.image[0] == 100);
  if (whole) {
    const auto perfect = compute_dice(whole->left.labels, whole->right_mirrored.labels);
    EXPECT(compute_mean(perfect) == 1);
    EXPECT(compute_mean(compute_dice(label_by_intensity(whole->left, whole->left), whole->left.labels)) < 0.3);
  }
  regions[0] = 117;
  EXPECT(write("aal.nii.gz", make_nifti({x, y, z}, 2, regions)));
  EXPECT_ERROR(load_brain(scratch(), true), "AAL regions are whole numbers from 0 to 116");
  EXPECT(write("aal.nii.gz", make_nifti({x, y, z - 1}, 2, regions)));
  EXPECT_ERROR(load_brain(scratch(), true), "differ in size");
  EXPECT_ERROR(load_brain("/nonexistent", true), "/nonexistent/ch2.nii.gz: cannot open");
}

void test_checkpoint() {
  const Checkpoint checkpoint{{{"application", "segmentation"}, {"scale", "small"}}, {{"weight", {2, 1}, {0.5f, -1}}}};
  const auto bytes = format_checkpoint(checkpoint);
  const auto read = parse_checkpoint(bytes);
  EXPECT(read && read->facts == checkpoint.facts && read->parameters.at(0).values == checkpoint.parameters[0].values);
  for (std::size_t missing = 1; missing < bytes.size(); ++missing) EXPECT(!parse_checkpoint(cut(bytes, missing)));
  EXPECT_ERROR(parse_checkpoint(with(bytes, 20, std::uint8_t{0xff})), "damaged");
  EXPECT_ERROR(parse_checkpoint(bytes_of("PK\x03\x04 archive")), "is not a checkpoint");
  Options options;
  options.checkpoint = "x.nw";
  EXPECT(scale_of_checkpoint(checkpoint, "segmentation", options) &&
         *scale_of_checkpoint(checkpoint, "segmentation", options) == Scale::small);
  EXPECT_ERROR(scale_of_checkpoint(checkpoint, "forecasting", options), "x.nw: is a checkpoint of 'segmentation'");
  options.scale = Scale::paper;
  EXPECT_ERROR(scale_of_checkpoint(checkpoint, "segmentation", options),
               "was trained at scale small, --scale asks for paper");
  EXPECT_ERROR(write_checkpoint("/nonexistent/x.nw", checkpoint), "/nonexistent/x.nw: cannot write");
  EXPECT_ERROR(write_checkpoint("/dev/full/x.nw", checkpoint), "cannot write");
}

void test_options() {
  const auto parse = [](std::vector<const char*> arguments) { return parse_options(arguments); };
  const auto train = parse({"train", "--device", "cuda:1", "--threads=3", "--seed", "7", "--epochs", "2"});
  EXPECT(train && train->device == "cuda:1" && train->threads == 3 && train->seed == 7 && train->epochs == 2 &&
         !train->scale);
  EXPECT(!train->batch && parse({"train", "--batch-size=64"})->batch == 64);
  EXPECT_ERROR(parse({"train", "--batch-size", "0"}), "takes a whole number from 1 to 65536");
  EXPECT(parse({"train"}) && parse({"train"})->threads >= 1);
  EXPECT(parse({"infer", "--help"}) && parse({"infer", "--help"})->action == Action::help);
  EXPECT_ERROR(parse({}), "train or infer");
  EXPECT_ERROR(parse({"test"}), "unknown command 'test'");
  EXPECT_ERROR(parse({"train", "--thread", "2"}), "unknown argument '--thread'");
  EXPECT_ERROR(parse({"train", "--threads"}), "--threads needs a value");
  EXPECT_ERROR(parse({"train", "--threads", "0"}), "takes a whole number from 1 to 4096");
  EXPECT_ERROR(parse({"train", "--device", "gpu"}), "--device 'gpu': takes cpu, cuda or cuda:N");
  EXPECT_ERROR(parse({"train", "--scale", "big"}), "takes small or paper");
  EXPECT_ERROR(parse({"infer"}), "infer needs --checkpoint FILE");
}

}  // namespace

int main() {
  test_nifti_values();
  test_nifti_errors();
  test_rdb();
  test_csv();
  test_series();
  test_brain();
  test_checkpoint();
  test_options();
  std::filesystem::remove_all(scratch());
  if (failures == 0) std::puts("readers: all as expected");
  return failures == 0 ? 0 : 1;
}
