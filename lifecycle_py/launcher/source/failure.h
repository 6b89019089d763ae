/* How the launcher gives up: a message that says what, why and what to do, and the spec's exit code. */
#ifndef OFFRAMP_LAUNCHER_FAILURE_H
#define OFFRAMP_LAUNCHER_FAILURE_H

/* Spec: platform.md, launcher outputs (11, 12, 80-89 launch-specific); 82 is the reference's choice among those. */
typedef enum {
    EXIT_PLATFORM_API = 11,
    EXIT_BUILDPACK_API = 12,
    EXIT_LAUNCH = 82,
} ExitCode;

/* Print "ERROR: failed to launch: <what>" and the advice (may be NULL) to stderr, and exit. */
_Noreturn void fail(ExitCode code, const char *advice, const char *what, ...) __attribute__((format(printf, 3, 4)));

/* Print "Warning: <text>" to stderr. */
void warn(const char *text, ...) __attribute__((format(printf, 1, 2)));

#endif
