/*
 * What launch layers add to the environment: their bin and lib directories, and their env files.
 *
 * Spec: buildpack.md, "Layer Paths" and "Environment Variable Modification Rules".
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "failure.h"
#include "files.h"

static const struct {
    const char *directory;
    const char *variable;
} LAYER_PATHS[] = {{"bin", "PATH"}, {"lib", "LD_LIBRARY_PATH"}};

static const char *read_value(const char *path)
{
    Text content;
    if (!read_file(path, &content))
        fail(EXIT_LAUNCH, "The user of the container must be able to read all launch layers.",
             "cannot read environment file '%s': %s", path, strerror(errno));
    if (text_has_nul(content))
        fail(EXIT_LAUNCH, "Linux cannot pass NUL in an environment. Report this to the author of the buildpack.",
             "environment file '%s' holds a NUL byte", path);
    return content.bytes;
}

/* The delimiter of one directory holds for that directory only; without a file there is none, not ":". */
static const char *delimiter_for(const char *directory, const char *name)
{
    const char *path = format("%s/%s.delim", directory, name);
    return access(path, F_OK) == 0 ? read_value(path) : "";
}

static const char *concatenated(const char *first, const char *delimiter, const char *second)
{
    return format("%s%s%s", first, delimiter, second);
}

/* An unknown suffix changes nothing, so that newer buildpacks can be launched. */
static void apply_file(Environment *environment, const char *directory, const char *path)
{
    const char *file_name = path + strlen(directory) + 1;
    const char *name = format("%.*s", (int)strcspn(file_name, "."), file_name);
    const char *suffix = file_name + strlen(name);
    if (!is_variable_name(name))
        return;

    const char *old = environment_get(environment, name);
    if (strcmp(suffix, "") == 0 || strcmp(suffix, ".override") == 0)
        environment_set(environment, name, read_value(path));
    else if (strcmp(suffix, ".default") == 0 && old[0] == '\0')
        environment_set(environment, name, read_value(path));
    else if (strcmp(suffix, ".append") == 0)
        environment_set(environment, name,
                        concatenated(old, old[0] == '\0' ? "" : delimiter_for(directory, name), read_value(path)));
    else if (strcmp(suffix, ".prepend") == 0)
        environment_set(environment, name,
                        concatenated(read_value(path), old[0] == '\0' ? "" : delimiter_for(directory, name), old));
}

static void apply_directory(Environment *environment, const char *directory)
{
    Strings files = files_in(directory);
    for (size_t i = 0; i < files.count; i++)
        apply_file(environment, directory, files.items[i]);
}

static void add_layer_paths(Environment *environment, const char *layer)
{
    for (size_t i = 0; i < sizeof LAYER_PATHS / sizeof *LAYER_PATHS; i++) {
        const char *directory = format("%s/%s", layer, LAYER_PATHS[i].directory);
        const char *old = environment_get(environment, LAYER_PATHS[i].variable);
        if (is_directory(directory))
            environment_set(environment, LAYER_PATHS[i].variable,
                            concatenated(directory, old[0] == '\0' ? "" : ":", old));
    }
}

/* All paths of a buildpack come before its first env file, as in the reference lifecycle: a file may replace PATH. */
void add_layer_environment(Environment *environment, const Buildpack *buildpack, const char *process_type)
{
    for (size_t i = 0; i < buildpack->layers.count; i++)
        add_layer_paths(environment, buildpack->layers.items[i]);
    for (size_t i = 0; i < buildpack->layers.count; i++) {
        const char *layer = buildpack->layers.items[i];
        apply_directory(environment, format("%s/env", layer));
        apply_directory(environment, format("%s/env.launch", layer));
        if (process_type[0] != '\0')
            apply_directory(environment, format("%s/env.launch/%s", layer, process_type));
    }
}
