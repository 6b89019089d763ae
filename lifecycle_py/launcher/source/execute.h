/* Becoming the process: directly, or through bash and the profile scripts. */
#ifndef OFFRAMP_LAUNCHER_EXECUTE_H
#define OFFRAMP_LAUNCHER_EXECUTE_H

#include "environment.h"
#include "metadata.h"

/* The program a command names, by the PATH of the process-to-be; NULL when there is none. */
const char *find_program(const char *command, const Environment *environment);

/* execve, or fail. */
_Noreturn void become(const char *program, const Strings *argv, const Environment *environment);

_Noreturn void execute_directly(const Process *process, const char *working_dir, const Environment *environment);

/* shell.c; `self` is what profile scripts see as $0. */
_Noreturn void execute_in_shell(const Process *process, const char *working_dir, const Environment *environment,
                                const Strings *profiles, const char *self);

#endif
