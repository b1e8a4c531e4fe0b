// nodewatt-segmentation: a 3D U-Net on a brain MRI, as a thing to measure.
#include "../common/program.h"
#include "segmentation.h"

int main(int argc, char** argv) {
  using namespace nw::workload;
  const Program program{
      "nodewatt-segmentation",
      "Trains a 3D U-Net in the manner of nnU-Net on the left half of one brain MRI and segments the right half.\n"
      "--data is a folder with ch2.nii.gz, aal.nii.gz and ch2bet.nii.gz (Debian: mricron-data; "
      "workloads/fetch-data.sh).\n",
      train_segmentation, infer_segmentation};
  return run_program(program, argc, argv);
}
