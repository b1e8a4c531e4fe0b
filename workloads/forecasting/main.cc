// nodewatt-forecasting: a Transformer on electric load, as a thing to measure.
#include "../common/program.h"
#include "forecasting.h"

int main(int argc, char** argv) {
  using namespace nw::workload;
  const Program program{
      "nodewatt-forecasting",
      "Trains an encoder-decoder Transformer to forecast the next day of electric load, half-hour by half-hour.\n"
      "--data is the Rdata.rdb of R's package forecast (Debian: r-cran-forecast; workloads/fetch-data.sh) or FILE.csv "
      "with one\n"
      "half-hourly load a line, from a midnight on, in a column called demand, load or value (else the last column).\n"
      "--held-out validation (train only) judges on the 14 days before the 28 test days, for choosing settings.\n",
      train_forecasting, infer_forecasting};
  return run_program(program, argc, argv);
}
