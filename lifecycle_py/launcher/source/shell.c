/*
 * Processes that need bash: a command of the user without "--", and processes of Buildpack API < 0.9.
 *
 * Spec: buildpack.md, "Launch": one shell sources the profile scripts and then replaces itself with the command.
 * The command gets a bash of its own, by exec, so that no option or function of a profile script reaches it.
 */
#include <string.h>

#include "execute.h"
#include "failure.h"
#include "files.h"

/*
 * With arguments, each word is expanded like text in double quotes, so '$PORT' works; what it expands to is not split.
 * A builtin has no file to become, and bash runs it itself. CNB_ names are reserved, so no variable of an app is hit.
 */
static const char RUN_WORDS[] =
    "CNB_WORDS=()\n"
    "for CNB_WORD; do eval \"set -- \\\"$CNB_WORD\\\"\" || exit; CNB_WORDS+=(\"$*\"); done\n"
    "type -P -- \"${CNB_WORDS[0]}\" >/dev/null && exec -- \"${CNB_WORDS[@]}\"\n"
    "\"${CNB_WORDS[@]}\"\n";

static const char *quoted(const char *word)
{
    Buffer buffer = {0};
    buffer_add(&buffer, "'", 1);
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            buffer_add(&buffer, "'\\''", 4);
        else
            buffer_add(&buffer, word, 1);
    }
    buffer_add(&buffer, "'", 1);
    return buffer_text(&buffer).bytes;
}

static const char *find_bash(const Environment *environment)
{
    const char *bash = find_program("/bin/bash", environment);
    if (bash == NULL)
        bash = find_program("bash", environment);
    if (bash == NULL)
        fail(EXIT_LAUNCH, "Use a run image that has bash, or start the command without a shell: launcher -- COMMAND "
                          "ARGUMENTS. A process of a buildpack must be 'direct' then.",
             "this command needs bash, but the image has no /bin/bash and none in PATH");
    return bash;
}

/*
 * The script of the outer bash; the command and its arguments are its "$@". They are put aside first, because a profile
 * script that says `set --` would replace them.
 */
static const char *launch_script(const Process *process, const char *working_dir, const Strings *profiles,
                                 const char *bash)
{
    Strings lines = {0};
    strings_add(&lines, "CNB_COMMAND=(\"$@\")");
    for (size_t i = 0; i < profiles->count; i++)
        strings_add(&lines, format("source %s", quoted(profiles->items[i])));
    const char *directory = quoted(working_dir);
    strings_add(&lines, format("[[ . -ef %s ]] || cd -- %s || exit %d", directory, directory, EXIT_LAUNCH));
    if (process->args.count == 0)
        strings_add(&lines, format("exec %s -c -- \"${CNB_COMMAND[@]}\"", bash));
    else
        strings_add(&lines, format("exec %s -c -- %s \"$0\" \"${CNB_COMMAND[@]}\"", bash, quoted(RUN_WORDS)));
    return strings_join(&lines, "\n");
}

_Noreturn void execute_in_shell(const Process *process, const char *working_dir, const Environment *environment,
                                const Strings *profiles, const char *self)
{
    const char *bash = find_bash(environment);
    Strings argv = {0};
    strings_add(&argv, "bash");
    strings_add(&argv, "-c");
    strings_add(&argv, launch_script(process, working_dir, profiles, quoted(bash)));
    strings_add(&argv, self);
    strings_add_all(&argv, &process->command);
    strings_add_all(&argv, &process->args);
    become(bash, &argv, environment);
}
