/*
 * Programs of buildpacks that compute environment variables just before the launch.
 *
 * Spec: buildpack.md, "Exec.d": a program writes TOML `NAME = "value"` to file descriptor 3.
 */
#include "exec_d.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "files.h"
#include "toml.h"

enum { OUTPUT_DESCRIPTOR = 3 };

static const char BUILDPACK_FAULT[] = "The program belongs to a buildpack. Its output above may say more; "
                                      "otherwise report this to the buildpack's author.";

static _Noreturn void end_by_signal(int signal_number)
{
    _exit(128 + signal_number);
}

/*
 * Linux drops signals without a handler that are sent to PID 1, so `docker stop` would have to wait for its timeout
 * while a program hangs. Handlers do not outlive execve: the app starts with the defaults.
 */
static void stay_stoppable(void)
{
    static const int STOPPING[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof STOPPING / sizeof *STOPPING; i++) {
        struct sigaction old;
        struct sigaction action = {.sa_handler = end_by_signal};
        sigemptyset(&action.sa_mask);
        if (sigaction(STOPPING[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(STOPPING[i], &action, NULL);
    }
}

static pid_t start(const char *program, int output, const Environment *environment)
{
    pid_t child;
    posix_spawn_file_actions_t actions;
    const char *const argv[] = {program, NULL};
    posix_spawn_file_actions_init(&actions);
    int error = posix_spawn_file_actions_adddup2(&actions, output, OUTPUT_DESCRIPTOR);
    if (error == 0)
        error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn(&child, program, &actions, NULL, (char *const *)argv,
                            (char *const *)environment->lines.items);
    if (error != 0)
        fail(EXIT_LAUNCH, BUILDPACK_FAULT, "cannot run exec.d program '%s': %s%s", program, strerror(error),
             error == ENOEXEC ? " (no '#!' line, or built for another architecture)" : "");
    posix_spawn_file_actions_destroy(&actions);
    return child;
}

static void expect_success(const char *program, pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            fail(EXIT_LAUNCH, NULL, "cannot wait for exec.d program '%s': %s", program, strerror(errno));
    if (WIFSIGNALED(status))
        fail(EXIT_LAUNCH, BUILDPACK_FAULT, "exec.d program '%s' was ended by signal %d", program, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        fail(EXIT_LAUNCH, BUILDPACK_FAULT, "exec.d program '%s' failed with exit status %d", program,
             WEXITSTATUS(status));
}

/* The program's own failure is told rather than one of its output, since it is the cause. */
static Text output_of(const char *program, const Environment *environment)
{
    int ends[2];
    Text output;
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail(EXIT_LAUNCH, NULL, "cannot make a pipe for exec.d program '%s': %s", program, strerror(errno));
    pid_t child = start(program, ends[1], environment);
    close(ends[1]);
    bool complete = read_descriptor(ends[0], &output);
    int cause = errno;
    close(ends[0]);
    expect_success(program, child);
    if (!complete)
        fail(EXIT_LAUNCH, BUILDPACK_FAULT, "cannot read the output of exec.d program '%s': %s", program,
             strerror(cause));
    return output;
}

static void set_variables(Environment *environment, const TomlValue *output, const char *program)
{
    for (const TomlValue *entry = output->first_child; entry != NULL; entry = entry->next) {
        if (text_has_nul(entry->key) || !is_variable_name(entry->key.bytes))
            fail(EXIT_LAUNCH, BUILDPACK_FAULT, "exec.d program '%s' wrote '%s', which cannot name a variable", program,
                 entry->key.bytes);
        if (entry->kind != TOML_STRING || text_has_nul(entry->text))
            fail(EXIT_LAUNCH, BUILDPACK_FAULT, "exec.d program '%s' wrote a value for '%s' that is not a string "
                 "without NUL", program, entry->key.bytes);
        environment_set(environment, entry->key.bytes, entry->text.bytes);
    }
}

void run_exec_d(const Strings *programs, Environment *environment)
{
    if (programs->count > 0 && getpid() == 1)
        stay_stoppable();
    for (size_t i = 0; i < programs->count; i++) {
        TomlError error;
        const TomlValue *output = toml_parse(output_of(programs->items[i], environment), &error);
        if (output == NULL)
            fail(EXIT_LAUNCH, BUILDPACK_FAULT, "exec.d program '%s' wrote invalid TOML: line %zu: %s",
                 programs->items[i], error.line, error.message);
        set_variables(environment, output, programs->items[i]);
    }
}
