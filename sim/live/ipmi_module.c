/* DCMI power for OpenIPMI's ipmi_sim, which has none of its own: a module for its `loadlib`, whose option is the path of a file
   that holds whole watts (DIR/root/bmc/watts). Group extension 0xDC of DCMI 1.5: command 01h, capabilities (6.1), and 02h, power
   reading (6.6.1). The minimum, maximum and mean are of what was read since the start; the period says since when. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <OpenIPMI/ipmi_msgbits.h>
#include <OpenIPMI/mcserv.h>

enum { kGroup = 0xdc, kCapabilities = 0x01, kPowerReading = 0x02 };
enum { kDone = 0x00, kUnknownCommand = 0xc1, kTooShort = 0xc7, kNoParameter = 0xc9, kBadField = 0xcc, kNotNow = 0xd5 };
enum { kStatistics = 1, kEnhanced = 2 };

static char path[4096];
static unsigned least = 0xffff, most = 0;
static double sum = 0, reads = 0;
static struct timespec began;

static void put(unsigned char* to, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to[i] = (unsigned char)(value >> (8 * i));
}

static int read_watts(unsigned* watts) {
  FILE* file = fopen(path, "r");
  if (file == NULL) return 0;
  double value = -1;
  const int got = fscanf(file, "%lf", &value);
  fclose(file);
  if (got != 1 || value < 0 || value > 0xffff) return 0;
  *watts = (unsigned)(value + 0.5);
  if (*watts < least) least = *watts;
  if (*watts > most) most = *watts;
  sum += *watts;
  reads += 1;
  return 1;
}

static unsigned refuse(unsigned char* out, unsigned char code) {
  out[0] = code;
  return 1;
}

/* Parameter 1 says that power is managed, 5 over which times means are kept: none but the 1 s that the meter itself takes. */
static unsigned answer_capabilities(const msg_t* request, unsigned char* out) {
  static const unsigned char kSupported[] = {0x00, 0x01, 0x01}, kEnhancedPower[] = {0x01, 0x01};
  if (request->len < 2) return refuse(out, kTooShort);
  const unsigned char parameter = request->data[1];
  if (parameter != 1 && parameter != 5) return refuse(out, kNoParameter);
  const unsigned char head[] = {kDone, kGroup, 1, 5, 2};
  memcpy(out, head, sizeof head);
  const unsigned length = parameter == 1 ? sizeof kSupported : sizeof kEnhancedPower;
  memcpy(out + sizeof head, parameter == 1 ? kSupported : kEnhancedPower, length);
  return (unsigned)sizeof head + length;
}

static unsigned answer_power(const msg_t* request, unsigned char* out) {
  if (request->len < 3) return refuse(out, kTooShort);
  if (request->data[1] != kStatistics && request->data[1] != kEnhanced) return refuse(out, kBadField);
  unsigned watts = 0;
  if (!read_watts(&watts)) return refuse(out, kNotNow);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const double seconds = (double)(now.tv_sec - began.tv_sec) + (double)(now.tv_nsec - began.tv_nsec) * 1e-9;
  out[0] = kDone;
  out[1] = kGroup;
  put(out + 2, watts, 2);
  put(out + 4, least, 2);
  put(out + 6, most, 2);
  put(out + 8, (unsigned)(sum / reads + 0.5), 2);
  put(out + 10, (uint32_t)time(NULL), 4);
  put(out + 14, request->data[1] == kEnhanced ? 1000 : (uint32_t)(seconds * 1000), 4);
  out[18] = 0x40; /* it is being measured */
  return 19;
}

static void answer(lmc_data_t* mc, msg_t* request, unsigned char* out, unsigned int* length, void* data) {
  (void)mc;
  (void)data;
  switch (request->cmd) {
    case kCapabilities: *length = answer_capabilities(request, out); return;
    case kPowerReading: *length = answer_power(request, out); return;
    default: *length = refuse(out, kUnknownCommand); return;
  }
}

int ipmi_sim_module_print_version(sys_data_t* sys, char* options) {
  (void)sys;
  (void)options;
  puts("nodewatt_ipmi 1");
  return 0;
}

int ipmi_sim_module_init(sys_data_t* sys, const char* options) {
  snprintf(path, sizeof path, "%s", options != NULL ? options : "");
  clock_gettime(CLOCK_MONOTONIC, &began);
  ipmi_emu_register_group_extension_handler(kGroup, answer, sys);
  return 0;
}
