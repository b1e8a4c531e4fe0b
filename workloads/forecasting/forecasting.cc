// The story of nodewatt-forecasting: load, train, judge, or load and infer.
//
// The last 28 days are held out, chosen before any setting was and judged once, after training (series.cc tells the
// split). The settings of scale small were chosen on the 14 days before them with --held-out validation: of 1, 2 and 3
// days of history, dropout 0.1 and 0.3, learning rates 5e-4 and 1e-3, the best there; the test days were not looked at.
// Width, batch and weight decay were taken over from earlier trials that had looked at them.
//
// A day is forecast at midnight from the load up to then; the network adds a correction to "same time last week", so an
// untrained one scores exactly as that does. Each half-hour of history carries its change against a week before, so one
// day of history tells of two. Training windows start at every half-hour, not only at midnight. Loads are normalised
// with mean and deviation of the part learnt from.
//
// Scale paper has the size of published load Transformers (31 million parameters, a week of history). Twelve weeks of
// one series cannot teach that many: it measures energy, and its accuracy means something only with a longer --data
// FILE.csv.
//
// Work counts: phase train gets windows and epochs, phase infer forecasts (one day each).
#include "forecasting.h"

#include "../common/checkpoint.h"
#include "../common/files.h"
#include "../common/program.h"
#include "../common/progress.h"
#include "../common/torch_env.h"
#include "../common/training.h"
#include "series.h"
#include "transformer.h"
#include "windows.h"

#include <nodewatt/nodewatt.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

namespace nw::workload {
namespace {

constexpr double kMostGradient = 1;
constexpr const char* kApplication = "forecasting";

// The defaults are those of scale small.
struct Plan {
  int history = kDay;
  TransformerShape shape;
  int batch = 32;  // windows at once in training
  int days = 0;    // forecasts at once in inference; 0: all that are judged
  int steps = 60;  // of an epoch
  int epochs = 12;
  int rounds = 800;  // of an inference run, each all judged days
  double learning_rate = 1e-3;
  double weight_decay = 0.3;
  bool bf16_on_gpu = false;
};

Plan plan_of(Scale scale) {
  if (scale == Scale::tiny) return {.shape = {32, 4, 1, 1, 0.1}, .steps = 25, .epochs = 3, .rounds = 20};
  if (scale == Scale::small) return {};
  return {.history = 7 * kDay,
          .shape = {512, 8, 6, 3, 0.1},
          .batch = 256,
          .steps = 100,
          .epochs = 10,
          .rounds = 200,
          .learning_rate = 1e-4,
          .weight_decay = 0.1,
          .bf16_on_gpu = true};
}

Plan plan_of(Scale scale, const Options& options) {
  Plan plan = plan_of(scale);
  apply_batch_size(options, plan.steps, plan.batch, plan.days);
  return plan;
}

struct Bench {
  Options options;
  Scale scale;
  Plan plan;
  torch::Device device;
  Series series;
  Split split;
  Windows windows;
  bool bf16 = false;
};

Result<Bench> load_bench(const Options& options, Scale scale) {
  const auto device = prepare_torch(options);
  if (!device) return device.error();
  const Phase phase("load");
  const auto plan = plan_of(scale, options);
  const std::filesystem::path path =
      options.data.empty() ? data_folder() / "forecasting/Rdata.rdb" : std::filesystem::path(options.data);
  if (options.data.empty() && !std::filesystem::exists(path))
    return Error{path.string() + ": no data there; run workloads/fetch-data.sh, or give --data FILE"};
  auto series = load_series(path);
  if (!series) return series.error();
  const auto split = split_of(*series, options.hold_out_validation);
  auto windows = make_windows(*series, split, *device);
  synchronize(*device);
  return Bench{options,
               scale,
               plan,
               *device,
               std::move(*series),
               split,
               std::move(windows),
               plan.bf16_on_gpu && device->is_cuda()};
}

int days_at_once(const Bench& bench) {
  const int judged = bench.split.judged_days();
  return bench.plan.days > 0 ? std::min(bench.plan.days, judged) : judged;
}

void print_head(const Bench& bench, const Transformer& network, const char* doing) {
  std::printf("forecasting %s: encoder-decoder Transformer of %.2f M parameters, scale %s, %s, %s\n", doing,
              count_millions(*network), name_of(bench.scale).data(), bench.bf16 ? "bf16" : "f32",
              describe_backend(bench.device).c_str());
  std::printf("data: %s, %zu days of half-hours; %d days to learn from, the %d %s days after them held out\n",
              bench.series.taylor ? "demand of England and Wales 2000 (Taylor 2003)" : "the given file",
              bench.series.load.size() / kDay, bench.split.train_end / kDay, bench.split.judged_days(),
              bench.options.hold_out_validation ? "validation" : "test");
  const bool infers = bench.options.action == Action::infer;
  say_settings(bench.device, bench.scale, infers ? days_at_once(bench) : bench.plan.batch, bench.bf16);
}

// The network's correction for days that begin at `origins` (half-hours, [batch]).
torch::Tensor correct(Transformer& network, const Bench& bench, const torch::Tensor& origins) {
  const auto options = torch::TensorOptions(torch::kLong).device(bench.device);
  const auto before = origins.unsqueeze(1) + torch::arange(-bench.plan.history, 0, options);
  const auto after = origins.unsqueeze(1) + torch::arange(kDay, options);
  const Autocast autocast(bench.device, bench.bf16);
  return network->forward(bench.windows.history.index({before}), bench.windows.future.index({after}))
      .to(torch::kFloat32);
}

torch::Tensor target_of(const Bench& bench, const torch::Tensor& origins) {
  const auto after =
      origins.unsqueeze(1) + torch::arange(kDay, torch::TensorOptions(torch::kLong).device(bench.device));
  return bench.windows.target.index({after});
}

torch::Tensor train_step(Transformer& network, torch::optim::AdamW& optimizer, const torch::Tensor& origins,
                         const Bench& bench) {
  optimizer.zero_grad();
  const auto loss = torch::l1_loss(correct(network, bench, origins), target_of(bench, origins));
  loss.backward();
  torch::nn::utils::clip_grad_norm_(network->parameters(), kMostGradient);
  optimizer.step();
  return loss.detach();
}

void train(Transformer& network, const Bench& bench, int epochs) {
  const auto& plan = bench.plan;
  const int first = kWeek + plan.history;  // before that the history has no week before it
  WindowOrder order(first, bench.split.train_end - kDay, bench.options.seed);
  torch::optim::AdamW optimizer(network->parameters(),
                                torch::optim::AdamWOptions(plan.learning_rate).weight_decay(plan.weight_decay));
  network->train();
  run_epochs({epochs, plan.steps, plan.batch, "window", "windows"}, bench.device, [&](double passed) {
    set_learning_rate(optimizer, plan.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * passed)));
    return train_step(network, optimizer, order.draw(plan.batch, bench.device), bench);
  });
}

// All judged days, so many at once, in the series' own unit.
torch::Tensor forecast_days(Transformer& network, const Bench& bench) {
  const torch::NoGradGuard no_grad;
  network->eval();
  const auto origins = torch::arange(bench.split.judge_begin, bench.split.judge_end, kDay,
                                     torch::TensorOptions(torch::kLong).device(bench.device));
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& some : origins.split(days_at_once(bench)))
    parts.push_back(correct(network, bench, some).flatten());
  return (parts.size() == 1 ? parts[0] : torch::cat(parts)) * bench.windows.deviation;
}

std::vector<double> add_correction(const Bench& bench, const torch::Tensor& correction) {
  auto forecast = forecast_by_lag(bench.series, bench.split, kWeek);
  const auto values = correction.to(torch::kCPU, torch::kFloat64).contiguous();
  for (std::size_t i = 0; i < forecast.size(); ++i) forecast[i] += values.data_ptr<double>()[i];
  return forecast;
}

void print_quality(const Bench& bench, const torch::Tensor& correction) {
  const auto judge = [&](const std::vector<double>& forecast) {
    return compute_quality(bench.series, bench.split, forecast);
  };
  const auto network = judge(add_correction(bench, correction));
  const auto week = judge(forecast_by_lag(bench.series, bench.split, kWeek));
  const auto yesterday = judge(forecast_by_lag(bench.series, bench.split, kDay));
  const char* unit = bench.series.taylor ? " MW" : "";
  const auto print = [&](const char* what, const Quality& q) {
    std::printf("held-out %s: MASE %.3f, MAPE %.2f %%, mean absolute error %.0f%s\n", what, q.mase, q.mape_percent,
                q.mae, unit);
  };
  print("Transformer", network);
  print("same time last week", week);
  print("same time yesterday", yesterday);
  figure("mase", network.mase);
  figure("mape", network.mape_percent);
  figure("mape_last_week", week.mape_percent);
  figure("mape_yesterday", yesterday.mape_percent);
}

torch::Tensor infer(Transformer& network, const Bench& bench) {
  {
    const Phase phase("warmup");
    for (int round = 0; round < std::max(1, bench.plan.rounds / 20); ++round) forecast_days(network, bench);
    synchronize(bench.device);
  }
  const Phase phase("infer");
  const double start = seconds_now();
  Progress progress("inference", bench.plan.rounds);
  torch::Tensor correction;
  for (int round = 0; round < bench.plan.rounds; ++round) {
    correction = forecast_days(network, bench);
    synchronize(bench.device);
    nw_work("infer", bench.split.judged_days(), "forecast");
    progress.advance();
  }
  const double seconds = seconds_now() - start;
  const int forecasts = bench.plan.rounds * bench.split.judged_days();
  std::printf("inference: %d forecasts of a day in %.2f s, %.3f ms/forecast, %.0f forecasts/s\n", forecasts, seconds,
              1000 * seconds / forecasts, forecasts / seconds);
  return correction;
}

}  // namespace

Result<void> train_forecasting(const Options& options) {
  if (!options.checkpoint.empty())
    if (const auto writable = check_writable(options.checkpoint); !writable) return writable;
  const auto bench = load_bench(options, options.scale.value_or(Scale::small));
  if (!bench) return bench.error();
  Transformer network(bench->plan.shape);
  print_head(*bench, network, "train");
  network->to(bench->device);
  const int epochs = options.epochs.value_or(bench->plan.epochs);
  train(network, *bench, epochs);
  {
    const Phase phase("validation");
    print_quality(*bench, forecast_days(network, *bench));
  }
  if (options.checkpoint.empty()) return {};
  if (const auto written =
          write_checkpoint(options.checkpoint, checkpoint_of(*network, kApplication, bench->scale, epochs, options));
      !written)
    return written;
  std::printf("checkpoint: %s\n", options.checkpoint.c_str());
  return {};
}

Result<void> infer_forecasting(const Options& options) {
  if (options.hold_out_validation) return Error{"--held-out validation is for train; infer forecasts the test days"};
  const auto checkpoint = read_checkpoint(options.checkpoint);
  if (!checkpoint) return checkpoint.error();
  const auto scale = scale_of_checkpoint(*checkpoint, kApplication, options);
  if (!scale) return scale.error();
  const auto bench = load_bench(options, *scale);
  if (!bench) return bench.error();
  Transformer network(bench->plan.shape);
  print_head(*bench, network, "infer");
  if (const auto restored = restore_parameters(*network, *checkpoint); !restored)
    return Error{options.checkpoint + ": " + restored.error().what};
  network->to(bench->device);
  print_quality(*bench, infer(network, *bench));
  return {};
}

}  // namespace nw::workload
