/*
 * Which process to start, and with which arguments.
 *
 * Spec: platform.md, launcher inputs. The name under which the launcher was called decides: it is a process type
 * (a link /cnb/process/<type>) or anything else, and then the arguments are a command of the user.
 */
#include "process.h"

#include <string.h>

#include "failure.h"
#include "nearest.h"

enum { OVERRIDABLE_ARGS_PLATFORM = 10, OVERRIDABLE_ARGS_BUILDPACK = 9, EXEC_ENV_PLATFORM = 15 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Spec: buildpack.md, launch.toml: no exec-env, or "*" among them, means every execution environment. */
static bool is_eligible(const Process *process, const Request *request)
{
    return request->platform_api < EXEC_ENV_PLATFORM || process->exec_env.count == 0
           || strings_contain(&process->exec_env, "*") || strings_contain(&process->exec_env, request->exec_env);
}

static Strings types_of(const Metadata *metadata)
{
    Strings types = {0};
    for (size_t i = 0; i < metadata->process_count; i++)
        if (!strings_contain(&types, metadata->processes[i].type))
            strings_add(&types, metadata->processes[i].type);
    return types;
}

/* One type may be defined once per execution environment, so look on after a process that is not eligible. */
static const Process *find_process(const Metadata *metadata, const Request *request, const char *type)
{
    const Process *ineligible = NULL;
    for (size_t i = 0; i < metadata->process_count; i++) {
        const Process *process = &metadata->processes[i];
        if (strcmp(process->type, type) != 0)
            continue;
        if (is_eligible(process, request))
            return process;
        ineligible = process;
    }
    if (ineligible != NULL)
        fail(EXIT_LAUNCH, "Choose another process type, or set CNB_EXEC_ENV to one that the process is meant for.",
             "process type '%s' is not meant for execution environment '%s', but for: %s", type, request->exec_env,
             strings_join(&ineligible->exec_env, ", "));
    return NULL;
}

/* Below Buildpack API 0.9 a buildpack expects the user's arguments after its own, from 0.9 on instead of them. */
static bool args_are_overridable(const Metadata *metadata, const Process *process)
{
    if (process->command.count > 1)
        return true; /* only a buildpack of API 0.9 and above can write a list */
    for (size_t i = 0; i < metadata->buildpack_count; i++)
        if (process->buildpack_id != NULL && strcmp(metadata->buildpacks[i].id, process->buildpack_id) == 0)
            return metadata->buildpacks[i].api >= OVERRIDABLE_ARGS_BUILDPACK;
    fail(EXIT_LAUNCH, "Build the image again, or start the process without arguments.",
         "cannot tell how to pass arguments to process type '%s': its buildpack '%s' is not in metadata.toml",
         process->type, process->buildpack_id == NULL ? "" : process->buildpack_id);
}

static Process with_user_args(const Process *defined, const Metadata *metadata, const Request *request)
{
    const Strings *user_args = &request->user_args;
    bool are_replaced = request->platform_api >= OVERRIDABLE_ARGS_PLATFORM && user_args->count > 0
                        && args_are_overridable(metadata, defined);
    Process process = *defined;
    process.command = (Strings){0};
    process.args = (Strings){0};
    strings_add(&process.command, defined->command.items[0]);
    for (size_t i = 1; i < defined->command.count; i++)
        strings_add(&process.args, defined->command.items[i]);
    if (!are_replaced)
        strings_add_all(&process.args, &defined->args);
    strings_add_all(&process.args, user_args);
    return process;
}

static _Noreturn void fail_without_command(const Metadata *metadata, const char *name)
{
    Strings types = types_of(metadata);
    const char *advice = types.count == 0
        ? "The image has no process types. Give a command: launcher -- COMMAND ARGUMENTS"
        : format("The image has these process types: %s. Start one through the entrypoint /cnb/process/<type>, or give "
                 "a command: launcher -- COMMAND ARGUMENTS", strings_join(&types, ", "));
    if (strcmp(name, "launcher") == 0)
        fail(EXIT_LAUNCH, advice, "there is no default process, so a command is required");
    const char *nearest = nearest_of(&types, name);
    fail(EXIT_LAUNCH, nearest == NULL ? advice : format("Did you mean '%s'? %s", nearest, advice),
         "process type '%s' was not found", name);
}

static Process user_process(const Metadata *metadata, const Request *request)
{
    const Strings *words = &request->user_args;
    bool direct = words->count > 0 && strcmp(words->items[0], "--") == 0;
    size_t first = direct ? 1 : 0;
    if (words->count == first)
        fail_without_command(metadata, base_name(request->self));

    Process process = {.type = "", .direct = direct};
    strings_add(&process.command, words->items[first]);
    for (size_t i = first + 1; i < words->count; i++)
        strings_add(&process.args, words->items[i]);
    return process;
}

Process choose_process(const Metadata *metadata, const Request *request)
{
    const Process *defined = find_process(metadata, request, base_name(request->self));
    return defined == NULL ? user_process(metadata, request) : with_user_args(defined, metadata, request);
}
