/* Becoming the process: the launcher replaces itself, so the process keeps its PID and gets its signals. */
#include "execute.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "files.h"

static bool is_program(const char *path)
{
    return access(path, X_OK) == 0 && !is_directory(path);
}

/* Entries of PATH that are not absolute are not searched: they would let the working directory decide what runs. */
const char *find_program(const char *command, const Environment *environment)
{
    if (strchr(command, '/') != NULL)
        return is_program(command) ? command : NULL;
    for (const char *at = environment_get(environment, "PATH"); command[0] != '\0'; at++) {
        size_t length = strcspn(at, ":");
        const char *path = format("%.*s/%s", (int)length, at, command);
        if (at[0] == '/' && is_program(path))
            return path;
        at += length;
        if (*at == '\0')
            break;
    }
    return NULL;
}

_Noreturn void become(const char *program, const Strings *argv, const Environment *environment)
{
    static char *const NOTHING[] = {NULL};
    char *const *lines = (char *const *)environment->lines.items;
    execve(program, (char *const *)argv->items, lines == NULL ? NOTHING : lines);

    const char *advice = NULL;
    if (errno == ENOEXEC)
        advice = "The file has no '#!' line, or was built for another architecture.";
    else if (errno == ENOENT)
        advice = "The file exists, but the interpreter in its '#!' line, or its dynamic loader, does not.";
    else if (errno == E2BIG)
        advice = "Arguments and environment are too big for Linux; one variable may have 128 KiB.";
    fail(EXIT_LAUNCH, advice, "cannot run '%s': %s", program, strerror(errno));
}

/*
 * The command is looked up in the working directory of the process, so that "./server" means the one next to it.
 * (The reference lifecycle looks it up in the app directory first and then needs it in both.)
 */
_Noreturn void execute_directly(const Process *process, const char *working_dir, const Environment *environment)
{
    const char *command = process->command.items[0];
    if (chdir(working_dir) != 0)
        fail(EXIT_LAUNCH, "The working-dir of the process must exist in the image.",
             "cannot change to working directory '%s': %s", working_dir, strerror(errno));
    const char *program = find_program(command, environment);
    if (program == NULL && strchr(command, '/') != NULL)
        fail(EXIT_LAUNCH, "The file must exist in the image and be executable for the user of the container.",
             "'%s' is not an executable file (working directory: '%s')", command, working_dir);
    if (program == NULL)
        fail(EXIT_LAUNCH,
             format("PATH is '%s'. Use a command that is installed there, or a path. What only a shell knows, like "
                    "'cd' or '&&', needs a shell: bash -c '...'", environment_get(environment, "PATH")),
             "command '%s' was not found in PATH", command);
    Strings argv = {0};
    strings_add(&argv, command);
    strings_add_all(&argv, &process->args);
    become(program, &argv, environment);
}
