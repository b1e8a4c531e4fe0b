/* nodewatt: mark phases and count work from inside a program that `nodewatt run` measures.
 *
 * Plain C ABI. Every function is thread-safe, async-fork-safe (a forked child goes on with phases of its own), never
 * blocks, never fails the caller and is a no-op when nobody measures (the environment variable NODEWATT_CHANNEL is
 * absent or unusable): then a call costs a few nanoseconds. Time stamps are CLOCK_MONOTONIC in nanoseconds, taken
 * inside the call.
 *
 * What a phase's energy means: the energy of the whole node between begin and end, not the share of the calling
 * program.
 */
#ifndef NODEWATT_NODEWATT_H
#define NODEWATT_NODEWATT_H

#include <stdint.h>

#if defined(__GNUC__)
#define NW_API __attribute__((visibility("default")))
#else
#define NW_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows by one when a function is added; a change that breaks callers changes the SONAME. */
#define NW_ABI_VERSION 2u

/* Longest name and unit that are kept, in bytes without the terminator; longer ones are cut at a UTF-8 boundary. */
#define NW_NAME_MAX 47
#define NW_UNIT_MAX 15

/* Identifies one begun phase in this process. 0 means: not measured. */
typedef uint64_t nw_phase_id;

/* The NW_ABI_VERSION that the library was built with. */
NW_API uint32_t nw_abi_version(void);

/* 1 when a measuring nodewatt listens, else 0. */
NW_API int nw_measuring(void);

/* Begins a phase on the calling thread, inside the thread's innermost open phase. `name` is UTF-8, not NULL, not empty
 * (a NULL or empty name is recorded as "?"); '/' is reserved as the path separator and becomes '_'. Returns its id; 0
 * when nobody measures or the channel is full (which is counted as the anomaly phase_lost). */
NW_API nw_phase_id nw_phase_begin(const char* name);

/* Ends a phase, from any thread of the process that began it. Phases nested inside that are still open end with it. 0
 * and the id of another process are ignored, so that a forked child may leave the scopes that its parent opened; an id
 * of this process that is unknown or already ended is ignored and counted as the anomaly phase_unmatched. */
NW_API void nw_phase_end(nw_phase_id id);

/* Adds `count` (finite, >= 0; anything else is ignored and counted as an anomaly) of `unit` ("sample", "epoch",
 * "token") to the calling thread's innermost open phase called `name`; name NULL means the innermost open phase.
 * Without such a phase it goes to the run itself. */
NW_API void nw_work(const char* name, double count, const char* unit);

/* Stores a figure of merit of the run beside its energy ("dice", 0.73). The last value of a name wins. NaN and
 * infinities are ignored. */
NW_API void nw_figure(const char* name, double value);

/* A setting of the program ("batch_size", "256"; "torch", "2.4.1"): kept with the run, so that a comparison can
 * name what differs. The last value of a key wins. `key` is kept up to NW_UNIT_MAX bytes, `value` up to NW_NAME_MAX; a
 * run keeps at most 100 keys. Since version 2. */
NW_API void nw_setting(const char* key, const char* value);

#ifdef __cplusplus
}
#endif
#endif
