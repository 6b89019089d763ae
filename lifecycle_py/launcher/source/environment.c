/* The environment of the process to be: what the platform gave, minus what is the launcher's own. */
#include "environment.h"

#include <string.h>

/* Spec: platform.md, launch environment, names the first three; the reference lifecycle removes all five. */
static const char *const LAUNCHER_ONLY[] = {
    "CNB_APP_DIR", "CNB_LAYERS_DIR", "CNB_PROCESS_TYPE", "CNB_PLATFORM_API", "CNB_DEPRECATION_MODE",
};

static bool is_launcher_only(const char *name)
{
    for (size_t i = 0; i < sizeof LAUNCHER_ONLY / sizeof *LAUNCHER_ONLY; i++)
        if (strcmp(LAUNCHER_ONLY[i], name) == 0)
            return true;
    return false;
}

bool is_variable_name(const char *name)
{
    return name[0] != '\0' && strchr(name, '=') == NULL;
}

/* The index of the line that sets the variable, or the number of lines. */
static size_t find_line(const Environment *environment, const char *name)
{
    size_t length = strlen(name);
    size_t i = 0;
    while (i < environment->lines.count
           && (strncmp(environment->lines.items[i], name, length) != 0 || environment->lines.items[i][length] != '='))
        i++;
    return i;
}

const char *environment_get(const Environment *environment, const char *name)
{
    size_t i = find_line(environment, name);
    return i == environment->lines.count ? "" : environment->lines.items[i] + strlen(name) + 1;
}

void environment_set(Environment *environment, const char *name, const char *value)
{
    size_t i = find_line(environment, name);
    const char *line = format("%s=%s", name, value);
    if (i == environment->lines.count)
        strings_add(&environment->lines, line);
    else
        environment->lines.items[i] = line;
}

/* The exporter put the launcher's own directories in front of PATH; the app must not find them. */
static const char *without_launcher_dirs(const char *path)
{
    Strings kept = {0};
    for (const char *at = path;; at++) {
        int length = (int)strcspn(at, ":");
        const char *entry = format("%.*s", length, at);
        if (strcmp(entry, "/cnb/process") != 0 && strcmp(entry, "/cnb/lifecycle") != 0)
            strings_add(&kept, entry);
        at += length;
        if (*at == '\0')
            return strings_join(&kept, ":");
    }
}

Environment platform_environment(char *const *lines)
{
    Environment environment = {0};
    for (; *lines != NULL; lines++) {
        const char *equals = strchr(*lines, '=');
        if (equals == NULL || equals == *lines)
            continue;
        const char *name = format("%.*s", (int)(equals - *lines), *lines);
        if (is_launcher_only(name))
            continue;
        environment_set(&environment, name, strcmp(name, "PATH") == 0 ? without_launcher_dirs(equals + 1) : equals + 1);
    }
    return environment;
}
