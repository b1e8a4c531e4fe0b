// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The nodewatt authors. Its own licence: see LICENSE beside it.
//
// nodewatt_spank: a step tells nodewatt's daemon that it starts, once on each node, before its first task.
//
//   optional nodewatt_spank.so [socket=PATH] [wait_ms=20] [notes=DIR] [nvtx=PATH]         in plugstack.conf
//
// Options of srun, sbatch and salloc: --nodewatt-phase=NAME names the step in the energy report, --nodewatt-freq=MS asks
// for a timeline of that period, --nodewatt-nvtx[=FILTER] makes phases of the NVTX ranges of the step's programs: their
// environment names the library that hands ranges to the daemon (nvtx=PATH; else the one of this plug-in's
// installation). A profiler that is set up already keeps them. The daemon is sent one line of text, its grammar in nodewatt's docs/protocol.md. It is sent
// from slurm_spank_init_post_opt in slurmstepd, which runs as root there: the daemon learns that from the kernel
// (SO_PEERCRED), and does not accept the same line from a user's own program.
//
// Nothing here may cost a job anything. Every function returns ESPANK_SUCCESS; an option that makes no sense is a line
// of log; no call to the kernel blocks; and waiting for the daemon, worth no more than a sharper edge, ends after
// wait_ms (at most MOST_WAIT_MS). A daemon that stands still hears the line when it goes on.
//
// A batch step's standard output is known nowhere but in the task itself, once Slurm has opened it. So the task writes
// down where its own descriptor 1 leads (slurm_spank_task_init, already as the user) into a pipe to slurmstepd, and
// that leaves it as DIR/JOBID for the epilog, which prints the job's energy there with the user's rights. The path is
// the user's word, and whoever reads the note has to take it as that. No DIR, no note.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <slurm/spank.h>

SPANK_PLUGIN(nodewatt, 1)

// slurm.h has these, and with it types of one Slurm release; the numbers have been the same in all.
#define STEP_INTERACTIVE 0xfffffffau
#define STEP_BATCH 0xfffffffbu
#define STEP_EXTERN 0xfffffffcu
#define STEP_MOST 0xfffffff0u

#define MOST_WAIT_MS 40
#define MOST_PHASE 128
#define MOST_FILTER 512
#define LEAST_PERIOD_MS 10
#define MOST_PERIOD_MS 3600000

static char socket_path[108] = "/run/nodewatt/nodewatt.sock";
static char notes[PATH_MAX] = "/run/nodewatt-slurm";
static long wait_ms = 20;
static char phase[MOST_PHASE + 1];
static long period_ms;
static char nvtx_filter[MOST_FILTER + 1];  // "": not wanted
static char nvtx_library[PATH_MAX];
static int output_pipe[2] = {-1, -1};  // from the batch task to slurmstepd

// A whole number of these limits, or -1.
static long parse_number(const char *text, long least, long most) {
  char *end = NULL;
  errno = 0;
  long value = text == NULL || *text < '0' || *text > '9' ? -1 : strtol(text, &end, 10);
  return value < least || value > most || errno != 0 || *end != 0 ? -1 : value;
}

static int take_phase(int value, const char *text, int remote) {
  (void)value;
  if (text != NULL && strlen(text) > MOST_PHASE && !remote)
    slurm_info("nodewatt: --nodewatt-phase is cut after %d bytes", MOST_PHASE);
  snprintf(phase, sizeof phase, "%s", text == NULL ? "" : text);
  return ESPANK_SUCCESS;
}

static int take_period(int value, const char *text, int remote) {
  (void)value;
  long ms = parse_number(text, LEAST_PERIOD_MS, MOST_PERIOD_MS);
  if (ms < 0 && !remote)
    slurm_info("nodewatt: --nodewatt-freq=%s is no number of milliseconds from %d to %d, and is not used", text,
               LEAST_PERIOD_MS, MOST_PERIOD_MS);
  period_ms = ms < 0 ? 0 : ms;
  return ESPANK_SUCCESS;
}

static int take_nvtx(int value, const char *text, int remote) {
  (void)value;
  if (text != NULL && strlen(text) > MOST_FILTER) {
    if (!remote) slurm_info("nodewatt: --nodewatt-nvtx is longer than %d bytes, and is not used", MOST_FILTER);
    return ESPANK_SUCCESS;
  }
  snprintf(nvtx_filter, sizeof nvtx_filter, "%s", text == NULL || *text == 0 ? "*" : text);
  return ESPANK_SUCCESS;
}

static struct spank_option options[] = {
    {"nodewatt-phase", "NAME", "name this step in nodewatt's energy report", 1, 0, take_phase},
    {"nodewatt-freq", "MS", "ask nodewatt for a timeline of this period, in milliseconds", 1, 0, take_period},
    {"nodewatt-nvtx", "[FILTER]", "NVTX ranges become phases in nodewatt's energy report", 2, 0, take_nvtx},
};

// The value of KEY=VALUE, or NULL.
static const char *value_of(const char *word, const char *key) {
  size_t length = strlen(key);
  return strncmp(word, key, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static void take_arguments(int count, char **words) {
  for (int i = 0; i < count; ++i) {
    const char *value = NULL;
    if ((value = value_of(words[i], "socket")) != NULL)
      snprintf(socket_path, sizeof socket_path, "%s", value);
    else if ((value = value_of(words[i], "notes")) != NULL)
      snprintf(notes, sizeof notes, "%s", value);
    else if ((value = value_of(words[i], "nvtx")) != NULL)
      snprintf(nvtx_library, sizeof nvtx_library, "%s", value);
    else if ((value = value_of(words[i], "wait_ms")) != NULL && parse_number(value, 0, MOST_WAIT_MS) >= 0)
      wait_ms = parse_number(value, 0, MOST_WAIT_MS);
    else
      slurm_error("nodewatt: plugstack.conf: %s is not understood", words[i]);
  }
}

// Percent-encoded: a space, a percent sign, and what is not printable ASCII. `out` has three bytes for each of `text`.
static void encode(const char *text, char *out) {
  for (; *text != 0; ++text) {
    unsigned char byte = (unsigned char)*text;
    if (byte > 0x20 && byte < 0x7f && byte != '%')
      *out++ = *text;
    else
      out += sprintf(out, "%%%02X", byte);
  }
  *out = 0;
}

static int name_step(uint32_t step, char *out, size_t size) {
  if (step == STEP_BATCH) return snprintf(out, size, "batch");
  if (step == STEP_INTERACTIVE) return snprintf(out, size, "interactive");
  return step < STEP_MOST ? snprintf(out, size, "%u", step) : 0;
}

static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// A socket that is connected, or -1. A queue that is full is tried again every 2 ms: nothing tells when it is not.
static int connect_until(const char *path, long deadline) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  for (;;) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    int again = errno == EAGAIN || errno == EINTR;
    close(fd);
    if (!again || now_ms() >= deadline) return -1;
    nanosleep(&(struct timespec){0, 2000000}, NULL);
  }
}

static void say(const char *line, size_t length) {
  long deadline = now_ms() + wait_ms;
  char of_root[sizeof socket_path + 5];  // a daemon's socket for root alone, which no user can fill; older ones have none
  snprintf(of_root, sizeof of_root, "%s.root", socket_path);
  int fd = connect_until(of_root, deadline);
  if (fd < 0) fd = connect_until(socket_path, deadline);
  if (fd < 0) return;
  if (send(fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length) {
    struct pollfd answer = {fd, POLLIN, 0};
    long left = deadline - now_ms();
    if (left > 0) poll(&answer, 1, (int)left);
  }
  close(fd);
}

static void say_step(uint32_t job, uint32_t step) {
  char name[16], encoded[3 * MOST_PHASE + 1], line[600];
  if (name_step(step, name, sizeof name) <= 0) return;
  int length = snprintf(line, sizeof line, "step job=%u step=%s", job, name);
  encode(phase, encoded);
  if (*encoded != 0) length += snprintf(line + length, sizeof line - (size_t)length, " phase=%s", encoded);
  if (period_ms > 0) length += snprintf(line + length, sizeof line - (size_t)length, " period_ms=%ld", period_ms);
  say(line, (size_t)length);
}

// <libdir>/slurm/nodewatt_spank.so is installed with <libdir>/libnodewatt-nvtx.so.
static void find_nvtx_library(void) {
  Dl_info self;
  if (nvtx_library[0] != 0 || dladdr((void *)options, &self) == 0 || self.dli_fname == NULL) return;
  const char *slash = strrchr(self.dli_fname, '/');
  if (slash != NULL)
    snprintf(nvtx_library, sizeof nvtx_library, "%.*s/../libnodewatt-nvtx.so", (int)(slash - self.dli_fname),
             self.dli_fname);
}

// In slurmstepd: what the step's tasks will find in their environment.
static void set_nvtx(spank_t spank) {
  char before[8];
  if (nvtx_filter[0] == 0) return;
  find_nvtx_library();
  if (access(nvtx_library, R_OK) != 0) {
    slurm_error("nodewatt: --nodewatt-nvtx: %s cannot be read", nvtx_library);
    return;
  }
  if (spank_getenv(spank, "NVTX_INJECTION64_PATH", before, sizeof before) != ESPANK_ENV_NOEXIST) return;
  if (spank_setenv(spank, "NODEWATT_NVTX", nvtx_filter, 1) == ESPANK_SUCCESS &&
      spank_setenv(spank, "NODEWATT_NVTX_DEPTH", "3", 0) == ESPANK_SUCCESS)
    spank_setenv(spank, "NVTX_INJECTION64_PATH", nvtx_library, 0);
}

int slurm_spank_init(spank_t spank, int count, char **words) {
  take_arguments(count, words);
  for (size_t i = 0; i < sizeof options / sizeof *options; ++i)
    if (spank_option_register(spank, &options[i]) != ESPANK_SUCCESS)
      slurm_error("nodewatt: --%s is another plug-in's already", options[i].name);
  return ESPANK_SUCCESS;
}

// In slurmstepd, as root, before anything of the step runs.
int slurm_spank_init_post_opt(spank_t spank, int count, char **words) {
  (void)count, (void)words;
  uint32_t job = 0, step = 0;
  if (spank_context() != S_CTX_REMOTE) return ESPANK_SUCCESS;
  if (spank_get_item(spank, S_JOB_ID, &job) != ESPANK_SUCCESS) return ESPANK_SUCCESS;
  if (spank_get_item(spank, S_JOB_STEPID, &step) != ESPANK_SUCCESS || step == STEP_EXTERN) return ESPANK_SUCCESS;
  set_nvtx(spank);
  say_step(job, step);
  if (step == STEP_BATCH && access(notes, X_OK) == 0 && pipe2(output_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
    output_pipe[0] = output_pipe[1] = -1;
  return ESPANK_SUCCESS;
}

// In the task, as the user, with its standard streams in place. PIPE_BUF is no less than PATH_MAX: written at once or
// not.
int slurm_spank_task_init(spank_t spank, int count, char **words) {
  (void)spank, (void)count, (void)words;
  char path[PATH_MAX];
  if (output_pipe[1] < 0) return ESPANK_SUCCESS;
  ssize_t length = readlink("/proc/self/fd/1", path, sizeof path);
  if (length > 0 && length < (ssize_t)sizeof path && path[0] == '/' && memchr(path, '\n', (size_t)length) == NULL)
    (void)!write(output_pipe[1], path, (size_t)length);
  return ESPANK_SUCCESS;
}

static void leave_note(uint32_t job, const char *path, size_t length) {
  char name[PATH_MAX + 16];
  snprintf(name, sizeof name, "%s/%u", notes, job);
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return;
  (void)!write(fd, path, length);
  close(fd);
}

int slurm_spank_exit(spank_t spank, int count, char **words) {
  (void)count, (void)words;
  char path[PATH_MAX + 1];
  uint32_t job = 0;
  if (output_pipe[0] < 0) return ESPANK_SUCCESS;
  ssize_t length = read(output_pipe[0], path, PATH_MAX);
  close(output_pipe[0]);
  close(output_pipe[1]);
  output_pipe[0] = output_pipe[1] = -1;
  if (length <= 0 || spank_get_item(spank, S_JOB_ID, &job) != ESPANK_SUCCESS) return ESPANK_SUCCESS;
  path[length++] = '\n';
  leave_note(job, path, (size_t)length);
  return ESPANK_SUCCESS;
}
