/* A module of OpenIPMI's ipmi_sim: DCMI capabilities and power reading. Its option is a file with the watts; no file: "not supported in the
 * present state". */
#include <OpenIPMI/ipmi_err.h>
#include <OpenIPMI/ipmi_msgbits.h>
#include <OpenIPMI/lanserv.h>
#include <OpenIPMI/mcserv.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { kDcmi = 0xdc, kCapabilities = 1, kPower = 2, kInvalidCommand = 0xc1, kShort = 0xc7, kNotNow = 0xd5 };
static char path[512];

static void put(unsigned char *to, unsigned long value, int bytes) {
  for (int i = 0; i < bytes; ++i) to[i] = (unsigned char)(value >> 8 * i);
}

static void answer(lmc_data_t *mc, msg_t *request, unsigned char *out, unsigned int *length, void *data) {
  unsigned watts = 0;
  FILE *file;
  (void)mc, (void)data;
  memset(out, 0, 19);
  *length = 1;
  if (request->len < 2) {
    out[0] = kShort;
  } else if (request->cmd == kCapabilities && request->data[1] == 1) {
    static const unsigned char kAnswer[] = {0, kDcmi, 1, 5, 2, 0, 1, 7};
    memcpy(out, kAnswer, sizeof kAnswer);
    *length = sizeof kAnswer;
  } else if (request->cmd == kPower) {
    file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%u", &watts) != 1) {
      out[0] = kNotNow;
    } else {
      out[1] = kDcmi;
      for (int i = 0; i < 4; ++i) put(out + 2 + 2 * i, watts, 2);
      put(out + 10, (unsigned long)time(NULL), 4);
      put(out + 14, 60000, 4);
      out[18] = 0x40;
      *length = 19;
    }
    if (file != NULL) fclose(file);
  } else {
    out[0] = kInvalidCommand;
  }
}

int ipmi_sim_module_print_version(sys_data_t *sys, char *options) {
  (void)sys, (void)options;
  return 0;
}

int ipmi_sim_module_init(sys_data_t *sys, const char *options) {
  snprintf(path, sizeof path, "%s", options);
  ipmi_emu_register_group_extension_handler(kDcmi, answer, sys);
  return 0;
}
