#include "apps/cli/program_name.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace nw::cli {
namespace {

std::string named(const std::string& line) {
  std::istringstream words(line);
  std::vector<std::string> command;
  for (std::string word; words >> word;) command.push_back(word);
  return program_name(command);
}

TEST(ProgramName, AScriptIsNamedByItselfNotByItsInterpreter) {
  const std::vector<std::pair<std::string, std::string>> names{
      {"python train.py --epochs 3", "train.py"},
      {"python3 train.py", "train.py"},
      {"/usr/bin/python3.11 -u -X dev /home/me/src/train.py --out x.py", "train.py"},
      {"python -OO -W ignore train.py", "train.py"},
      {"python -Wignore -- train.py", "train.py"},
      {"python -m pkg.mod --lr 1", "pkg.mod"},
      {"python -um pkg.mod", "pkg.mod"},
      {"python -mtimeit", "timeit"},
      {"python project/", "project"},
      {"pypy3 fast.py", "fast.py"},
      {"bash script.sh a b", "script.sh"},
      {"bash -eu -o pipefail +x run/script.sh", "script.sh"},
      {"bash --rcfile my.rc --norc job.sh", "job.sh"},
      {"sh -x ./go", "go"},
      {"perl -w -Ilib -I more -MData::Dumper -i.old tools/count.pl", "count.pl"},
      {"Rscript --vanilla fit.R 3", "fit.R"},
      {"julia --project=. -t 4 -O3 solve.jl", "solve.jl"},
      {"node --max-old-space-size=4096 --require ./hook.js serve.js", "serve.js"}};
  for (const auto& [line, name] : names) EXPECT_EQ(named(line), name) << line;
}

TEST(ProgramName, WhatHasNoScriptIsNamedByItsProgram) {
  const std::vector<std::pair<std::string, std::string>> names{{"python", "python"},
                                                               {"python3 -c print(1) x.py", "python3"},
                                                               {"python3 - train.py", "python3"},
                                                               {"python3 -m", "python3"},
                                                               {"bash -c true", "bash"},
                                                               {"bash -lc train.py", "bash"},
                                                               {"perl -ne print", "perl"},
                                                               {"julia --eval=1 a.jl", "julia"},
                                                               {"node -p 1", "node"},
                                                               {"/opt/lulesh/bin/lulesh2.0 -s 50", "lulesh2.0"},
                                                               {"./train.py --epochs 3", "train.py"},
                                                               {"shred file.sh", "shred"},
                                                               {"pythonic train.py", "pythonic"},
                                                               {"/", "/"}};
  for (const auto& [line, name] : names) EXPECT_EQ(named(line), name) << line;
}

TEST(ProgramName, ALauncherIsNamedByWhatItStartsWhereThatIsSimple) {
  const std::vector<std::pair<std::string, std::string>> names{
      {"torchrun --nproc-per-node 4 --standalone train.py --lr 1", "train.py"},
      {"python -m torch.distributed.run --nproc-per-node=4 src/train.py", "train.py"},
      {"accelerate launch --config_file a.yaml train.py", "train.py"},
      {"mpirun -n 4 --map-by core python3 -u train.py", "train.py"},
      {"mpirun -n 4 ./lulesh -s 50", "mpirun"},
      {"srun --ntasks=8 python -m pkg.mod", "pkg.mod"},
      {"srun --job-name=a.py ./solver input.py", "srun"},
      {"srun bash -c ./a", "srun"},
      {"srun --wrap=/bin/sh x ./solver", "srun"},
      {"env SHELL=/bin/bash ./solver a.sh", "env"},
      {"env OMP_NUM_THREADS=4 nice -n 5 python train.py", "train.py"},
      {"numactl -N 0 bash job.sh", "job.sh"},
      {"time", "time"}};
  for (const auto& [line, name] : names) EXPECT_EQ(named(line), name) << line;
}

}  // namespace
}  // namespace nw::cli
