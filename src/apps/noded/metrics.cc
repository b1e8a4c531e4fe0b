#include "apps/noded/metrics.h"
