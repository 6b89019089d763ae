/*
 * The launcher: entrypoint of an app image. It finds the process to start, makes its environment, and becomes it.
 *
 * Spec: platform.md, "launcher"; buildpack.md, "Launch".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "environment.h"
#include "exec_d.h"
#include "execute.h"
#include "failure.h"
#include "files.h"
#include "layer_files.h"
#include "metadata.h"
#include "process.h"

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? otherwise : value;
}

static int require_platform_api(void)
{
    static const char ADVICE[] = "Images set CNB_PLATFORM_API when they are built; it must not be removed or changed.";
    const char *version = setting("CNB_PLATFORM_API", NULL);
    if (version == NULL)
        fail(EXIT_PLATFORM_API, ADVICE, "CNB_PLATFORM_API is not set; this launcher supports " PLATFORM_APIS);
    int minor = api_minor(version);
    if (!supports_platform_api(minor))
        fail(EXIT_PLATFORM_API, ADVICE, "Platform API '%s' is not supported; this launcher supports " PLATFORM_APIS,
             version);
    return minor;
}

static void warn_of_process_type_variable(void)
{
    const char *type = setting("CNB_PROCESS_TYPE", NULL);
    if (type != NULL)
        warn("CNB_PROCESS_TYPE is ignored since Platform API 0.4. To start '%s', run the image with the entrypoint "
             "/cnb/process/%s.", type, type);
}

static Request read_request(char **argv, int platform_api)
{
    Request request = {
        .platform_api = platform_api,
        .exec_env = setting("CNB_EXEC_ENV", "production"),
        .self = argv[0] == NULL ? "launcher" : argv[0],
    };
    for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++)
        strings_add(&request.user_args, argv[i]);
    return request;
}

static void enter_app_dir(const char *app_dir)
{
    if (chdir(app_dir) != 0)
        fail(EXIT_LAUNCH, "Is CNB_APP_DIR the app directory of the image, and may the user of the container read it?",
             "cannot change to app directory '%s': %s", app_dir, strerror(errno));
}

static Environment make_environment(const Metadata *metadata, const char *process_type)
{
    extern char **environ;
    Environment environment = platform_environment(environ);
    for (size_t i = 0; i < metadata->buildpack_count; i++)
        add_layer_environment(&environment, &metadata->buildpacks[i], process_type);
    Strings programs = layer_files(metadata, "exec.d", process_type);
    run_exec_d(&programs, &environment);
    return environment;
}

static Strings profile_scripts(const Metadata *metadata, const char *process_type, const char *app_dir)
{
    Strings scripts = layer_files(metadata, "profile.d", process_type);
    const char *app_profile = format("%s/.profile", app_dir);
    if (access(app_profile, F_OK) == 0 && !is_directory(app_profile))
        strings_add(&scripts, app_profile);
    return scripts;
}

int main(int argc, char **argv)
{
    (void)argc;
    const Request request = read_request(argv, require_platform_api());
    const char *layers_dir = absolute_path(setting("CNB_LAYERS_DIR", "/layers"));
    const char *app_dir = absolute_path(setting("CNB_APP_DIR", "/workspace"));
    const Metadata metadata = read_metadata(layers_dir);
    warn_of_process_type_variable();

    const Process process = choose_process(&metadata, &request);
    enter_app_dir(app_dir);
    const Environment environment = make_environment(&metadata, process.type);
    const char *working_dir = process.working_dir == NULL ? app_dir : process.working_dir;
    if (process.direct)
        execute_directly(&process, working_dir, &environment);
    const Strings profiles = profile_scripts(&metadata, process.type, app_dir);
    execute_in_shell(&process, working_dir, &environment, &profiles, request.self);
}
