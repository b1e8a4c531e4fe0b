/* nodewatt: mark phases and count work from inside a program that `nodewatt run` or the daemon of its node measures.
 *
 * Plain C ABI. Every function is thread-safe, async-fork-safe (a forked child goes on with phases of its own), never
 * blocks, never fails the caller and is a no-op when nobody measures: then a call costs a few nanoseconds. Time stamps
 * are CLOCK_MONOTONIC in nanoseconds, taken inside the call.
 *
 * Who measures is decided at the first call. `nodewatt run` names its channel in the environment (NODEWATT_CHANNEL).
 * Without that, in a job of Slurm (SLURM_JOB_ID is set), the node's daemon is asked at its socket (NODEWATT_SOCKET,
 * else /run/nodewatt/nodewatt.sock): that one call may take up to 50 ms, and the process keeps two descriptors open.
 * NODEWATT_DISABLE=1 turns that off.
 *
 * What a phase's energy means: with `nodewatt run` on its own the energy of the whole node between begin and end, not
 * the share of the calling program; in a job the energy of its step meanwhile, which is the node's when the job has the
 * node to itself.
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
#define NW_ABI_VERSION 3u

/* Longest name and unit that are kept, in bytes without the terminator; longer ones are cut at a UTF-8 boundary. */
#define NW_NAME_MAX 47
#define NW_UNIT_MAX 15

/* Identifies one begun phase in this process. 0 means: not measured. */
typedef uint64_t nw_phase_id;

/* The NW_ABI_VERSION that the library was built with. */
NW_API uint32_t nw_abi_version(void);

/* 1 when a measuring nodewatt listens, else 0. */
NW_API int nw_measuring(void);

/* Asks the daemon of this node to measure this process and its descendants from now on, where nobody does yet: for a
 * process that was started without `nodewatt run` and in no job, such as a notebook's kernel. May take 50 ms. Returns
 * what nw_measuring() says afterwards. Since version 3. */
NW_API int nw_attach(void);

/* Begins a phase on the calling thread, inside the thread's innermost open phase. `name` is UTF-8, not NULL, not empty
 * (a NULL or empty name is recorded as "?"); '/' is reserved as the path separator and becomes '_'. Returns its id; 0
 * when nobody measures or the channel is full (which is counted as the anomaly phase_lost). */
NW_API nw_phase_id nw_phase_begin(const char* name);

/* Ends a phase, from any thread of the process that began it. Phases nested inside that are still open end with it. 0
 * and the id of another process are ignored, so that a forked child may leave the scopes that its parent opened; an id
 * of this process that is unknown or already ended is ignored and counted as the anomaly phase_unmatched. */
NW_API void nw_phase_end(nw_phase_id id);

/* What a phase of this process was given so far: its energy in joules, and half the 95 % interval of that. Returns how
 * it is known: 1 measured, 2 derived, 3 attributed, 4 estimated; 0 when it is not known, and then nothing is stored.
 * Known are phases that have ended, and open ones up to some moment ago, if they are long enough for the sensors. Fresh
 * to some 10 ms after the end with `nodewatt run`; in a job to a few seconds, in steps of 1 s and 1 J, of 10 s on a
 * node that others share (an owner is shown nothing finer). Only the newest 1024 phases are kept. Costs some ten
 * nanoseconds. Since version 3. */
NW_API int nw_energy(nw_phase_id id, double* joules, double* uncertainty);

/* 1 when what nw_energy() says of a phase from now on is all of it: it has ended, and was counted to its end. 0 before
 * that, for what nw_energy() does not know, and for good where a phase is too short. Since version 3. */
NW_API int nw_energy_is_final(nw_phase_id id);

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
