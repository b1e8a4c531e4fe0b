// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The nodewatt authors. See LICENSE beside it.
//
// The plug-in outside of Slurm: this program stands in for slurmstepd and for the daemon. What a step says, and that
// nothing fails and everything returns, though the daemon stands still or its queue is full. How many milliseconds that
// costs a launch is a figure, which bench/hooks prints: a busy machine adds what it likes.
//
//   nodewatt_spank_test PLUG-IN            the test
//   nodewatt_spank_test PLUG-IN --times    milliseconds at the fastest of ten, a line of JSON
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <slurm/spank.h>

static spank_context_t context = S_CTX_REMOTE;
static uint32_t job = 4711, step = 0;
static struct spank_option registered[8];
static int options, messages, failures;

spank_context_t spank_context(void) { return context; }
spank_err_t spank_option_register(spank_t spank, struct spank_option *option) {
  (void)spank;
  registered[options++ % 8] = *option;
  return ESPANK_SUCCESS;
}
spank_err_t spank_get_item(spank_t spank, spank_item_t item, ...) {
  (void)spank;
  va_list list;
  va_start(list, item);
  uint32_t *value = va_arg(list, uint32_t *);
  va_end(list);
  *value = item == S_JOB_ID ? job : step;
  return job == 0 ? ESPANK_NOT_AVAIL : ESPANK_SUCCESS;
}
static char environment[3][2][600];  // name, value
static int variables;
spank_err_t spank_getenv(spank_t spank, const char *name, char *value, int size) {
  (void)spank;
  for (int i = 0; i < variables; ++i)
    if (strcmp(environment[i][0], name) == 0) return snprintf(value, (size_t)size, "%s", environment[i][1]), ESPANK_SUCCESS;
  return ESPANK_ENV_NOEXIST;
}
spank_err_t spank_setenv(spank_t spank, const char *name, const char *value, int overwrite) {
  (void)spank, (void)overwrite;
  snprintf(environment[variables % 3][0], sizeof environment[0][0], "%s", name);
  snprintf(environment[variables++ % 3][1], sizeof environment[0][1], "%s", value);
  return ESPANK_SUCCESS;
}
void slurm_info(const char *format, ...) { (void)format, ++messages; }
void slurm_error(const char *format, ...) { (void)format, ++messages; }

typedef int hook(spank_t, int, char **);
static void *plugin;
static char folder[] = "/tmp/nodewatt-spank-XXXXXX", path[64];

static void expect(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "FAIL: %s\n", what);
  ++failures;
}

// Milliseconds that it took.
static long call(const char *name) {
  struct timespec begin, end;
  char socket_word[80], notes_word[80], odd[] = "odd", wait[] = "wait_ms=4000";
  snprintf(socket_word, sizeof socket_word, "socket=%s", path);
  snprintf(notes_word, sizeof notes_word, "notes=%s", folder);
  char *words[] = {socket_word, notes_word, odd, wait};
  hook *function = NULL;
  *(void **)&function = dlsym(plugin, name);
  if (function == NULL) return expect(0, name), 0;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  expect(function(NULL, 4, words) == ESPANK_SUCCESS, "a function of the plug-in failed");
  clock_gettime(CLOCK_MONOTONIC, &end);
  return (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
}

// At its fastest of ten: what a busy machine adds to each is not the plug-in's.
static long fastest(const char *name) {
  long least = 999999;
  for (int i = 0; i < 10; ++i) {
    long took = call(name);
    if (took < least) least = took;
  }
  return least;
}

static int listen_at(int backlog) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  unlink(path);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, backlog) != 0) exit(1);
  return fd;
}

// What has come in, or "".
static const char *heard(int listener) {
  static char line[1000];
  struct pollfd waiting = {listener, POLLIN, 0};
  line[0] = 0;
  if (poll(&waiting, 1, 0) != 1) return line;
  int peer = accept(listener, NULL, NULL);
  ssize_t length = recv(peer, line, sizeof line - 1, 0);
  line[length < 0 ? 0 : length] = 0;
  close(peer);
  return line;
}

static void test_words(int listener) {
  call("slurm_spank_init_post_opt");
  expect(strcmp(heard(listener), "step job=4711 step=0") == 0, "a plain step");
  registered[0].cb(0, "warm up%\n", 1);
  registered[1].cb(0, "250", 1);
  step = 0xfffffffb;
  call("slurm_spank_init_post_opt");
  expect(strcmp(heard(listener), "step job=4711 step=batch phase=warm%20up%25%0A period_ms=250") == 0, "both options");
  call("slurm_spank_exit");
  char longest[400];
  memset(longest, 0xff, sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  registered[0].cb(0, longest, 1);
  call("slurm_spank_init_post_opt");
  expect(strlen(heard(listener)) == strlen("step job=4711 step=batch phase= period_ms=250") + 3 * 128, "a cut name");
  call("slurm_spank_exit");
  registered[0].cb(0, NULL, 1);
  const char *odd[] = {"", "x", "-5", "9", "3600001", "99999999999999999999", "100ms", NULL};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; ++i) {
    registered[1].cb(0, "250", 1);
    registered[1].cb(0, odd[i], 1);
    step = 3;
    call("slurm_spank_init_post_opt");
    expect(strcmp(heard(listener), "step job=4711 step=3") == 0, "a period that is none");
  }
}

static void test_silence(int listener) {
  uint32_t silent[] = {0xfffffffc, 0xfffffffd, 0xfffffffe};
  for (int i = 0; i < 3; ++i) {
    step = silent[i];
    call("slurm_spank_init_post_opt");
    expect(*heard(listener) == 0, "extern and pending steps are none");
  }
  step = 0, context = S_CTX_LOCAL;
  call("slurm_spank_init_post_opt");
  expect(*heard(listener) == 0, "srun itself says nothing");
  context = S_CTX_REMOTE, job = 0;
  call("slurm_spank_init_post_opt");
  expect(*heard(listener) == 0, "no job, no word");
  job = 4711;
}

// Each of these returns; main's alarm ends what does not. The queue holds one that nobody has accepted, and the next is
// tried for wait_ms, which no machine makes shorter.
static void test_absence(int listener) {
  call("slurm_spank_init_post_opt");
  close(listener);
  call("slurm_spank_init_post_opt");
  unlink(path);
  call("slurm_spank_init_post_opt");
  listener = listen_at(0);
  call("slurm_spank_init_post_opt");
  expect(call("slurm_spank_init_post_opt") >= 15, "a queue that is full is tried for a while");
  close(listener);
  unlink(path);
}

static void print_times(void) {
  int listener = listen_at(8);
  printf("{\"spank_ms_still_daemon\": %ld, ", fastest("slurm_spank_init_post_opt"));
  close(listener);
  printf("\"spank_ms_dead_socket\": %ld, ", fastest("slurm_spank_init_post_opt"));
  unlink(path);
  printf("\"spank_ms_no_socket\": %ld, ", fastest("slurm_spank_init_post_opt"));
  listener = listen_at(0);
  printf("\"spank_ms_full_queue\": %ld}\n", fastest("slurm_spank_init_post_opt"));
  close(listener);
  unlink(path);
}

// The path of a batch step's output goes from its task to the epilog; that of another step, or of no file, does not.
static void test_note(void) {
  char note[80], file[80], text[200] = "";
  snprintf(note, sizeof note, "%s/4711", folder);
  snprintf(file, sizeof file, "%s/out put", folder);
  FILE *old = fdopen(dup(1), "w");
  expect(freopen(file, "w", stdout) != NULL, "redirecting");
  for (step = 7; step != 0; step = step == 7 ? 0xfffffffb : 0) {
    call("slurm_spank_init_post_opt");
    call("slurm_spank_task_init");
    call("slurm_spank_exit");
    if (step == 7) expect(access(note, F_OK) != 0, "a step that is not the batch step leaves no note");
  }
  dup2(fileno(old), 1);
  FILE *left = fopen(note, "r");
  expect(left != NULL && fgets(text, sizeof text, left) != NULL, "a note");
  text[strcspn(text, "\n")] = 0;
  expect(strcmp(text, file) == 0, "the note is the output's path");
  struct stat info;
  expect(stat(note, &info) == 0 && (info.st_mode & 077) == 0, "and for nobody else");
  unlink(note), unlink(file);
}

// The library of this build; a tool that was there before keeps the ranges.
static void test_nvtx(void) {
  step = 0;
  call("slurm_spank_init_post_opt");
  expect(variables == 0, "no variables unless they are asked for");
  registered[2].cb(0, NULL, 1);
  call("slurm_spank_init_post_opt");
  expect(variables == 3 && strcmp(environment[0][0], "NODEWATT_NVTX") == 0 && strcmp(environment[0][1], "*") == 0, "all ranges");
  expect(strcmp(environment[2][0], "NVTX_INJECTION64_PATH") == 0 && access(environment[2][1], R_OK) == 0, "the library is there");
  registered[2].cb(0, "epoch*", 1);
  call("slurm_spank_init_post_opt");
  expect(variables == 3, "a tool that is set up already stays");
}

int main(int count, char **words) {
  int times = count == 3 && strcmp(words[2], "--times") == 0;
  plugin = count == 2 || times ? dlopen(words[1], RTLD_NOW) : NULL;
  if (plugin == NULL) return fprintf(stderr, "%s\n", count >= 2 ? dlerror() : "which plug-in?"), 1;
  alarm(60);
  if (mkdtemp(folder) == NULL) return 1;
  snprintf(path, sizeof path, "%s/sock", folder);
  call("slurm_spank_init");
  if (times) return print_times(), rmdir(folder), failures != 0;
  expect(options == 3 && strcmp(registered[0].name, "nodewatt-phase") == 0, "three options");
  expect(messages == 2, "arguments that make no sense are logged, and no more");
  int listener = listen_at(8);
  test_words(listener);
  test_silence(listener);
  test_absence(listener);
  test_note();
  test_nvtx();
  unlink(path), rmdir(folder);
  if (failures == 0) puts("ok: nodewatt_spank");
  return failures != 0;
}
